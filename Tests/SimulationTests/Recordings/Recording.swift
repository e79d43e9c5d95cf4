import Expressions
import Foundation
import JourneyProgram
import Model
import SendGate
import Simulation
import Workspaces

/// Runs as an engine once took them: the definitions, what happened, and what came of it, look by look.
///
/// What is kept stays as it is. An engine that takes such a run otherwise would take runs that are under way otherwise when
/// it is installed.
struct Recording {
    /// One contact's story.
    struct Take {
        /// The test that it was played for, and whose it is.
        var name: String
        var start: Timestamp
        var end: Timestamp
        /// How much later than due runs were looked at.
        var lag: Span
        /// The only journey that took entries; nil: all.
        var journey: String?
        var contact: PlayedContact
        var events: [PlayedEvent]
        var looks: [Look]
        /// What the gate and others did, in order.
        var told: [String]
    }

    /// One look at a run.
    struct Look: Equatable {
        var at: Timestamp
        /// `welcome`, or `returning o-1`: the journey and the entry key.
        var run: String
        /// What had come of the message that it waited for: `sent 2026-03-02T09:00:00Z`.
        var input: String?
        /// What it led to, in order.
        var effects: [String]
        var state: RunState
        var wake: Timestamp?
    }

    var files: [String: String]
    var takes: [Take]
}

// MARK: Playing

extension Recording {
    /// Plays the tests of a workspace's files.
    ///
    /// - Parameter lags: how late runs are looked at; a test is played for each.
    static func make(of files: [String: String], lags: (JourneyTest) -> [Span] = { _ in [.zero] }) throws -> Recording {
        let loaded = Workspace.load(files: files)
        guard let workspace = loaded.workspace else { throw RecordingError("\(loaded.findings)") }
        let (tests, findings) = workspace.tests(in: files)
        guard findings.isEmpty, !tests.isEmpty else { throw RecordingError("\(findings)") }
        var takes: [Take] = []
        for test in tests {
            for (tested, lag) in test.contacts.flatMap({ tested in lags(test).map { (tested, $0) } }) {
                let first = tested.events.first?.event.at ?? test.start
                var take = Take(
                    name: test.name, start: min(test.start, first),
                    end: test.until ?? max(test.start, first) + .days(120),
                    lag: lag, journey: test.journey, contact: tested.contact, events: tested.events, looks: [], told: []
                )
                (take.looks, take.told) = take.played(in: workspace)
                takes.append(take)
            }
        }
        return Recording(files: decisive(files), takes: takes)
    }

    /// What decides how runs go. The tests are played already, and what mails say decides nothing.
    private static func decisive(_ files: [String: String]) -> [String: String] {
        var kept: [String: String] = [:]
        for (path, text) in files where !path.hasPrefix("tests/") {
            let isCards = path.hasPrefix("postcards/")
            if path.hasSuffix(".html.mustache") && !isCards { continue }
            let words = isCards ? "A card." : "A mail. {{workspace.address}} {{links.unsubscribe}}"
            kept[path] = path.hasSuffix(".mustache") ? words : text
        }
        return kept
    }
}

extension Recording.Take {
    /// What this engine makes of it.
    func played(in workspace: Workspace) -> (looks: [Recording.Look], told: [String]) {
        var play = ContactPlay(contact, in: Simulator(workspace, journeys: journey.map { [$0] }), at: start)
        play.lag = lag
        play.keepActivations()
        play.run(events, until: end)
        // Looks that find nothing to do are many, and say little.
        let looks = (play.activations ?? []).filter { $0.before != $0.activation.run || !$0.activation.effects.isEmpty }
        return (looks.map(Recording.Look.init), play.story.compactMap(\.recorded))
    }
}

extension Recording.Look {
    init(_ activation: PlayedActivation) {
        at = activation.at
        run = activation.journey + (activation.entryKey.isEmpty ? "" : " \(activation.entryKey)")
        let verdict = activation.before?.awaitedMessage.flatMap { activation.verdicts[$0] }
        input = verdict.map { "\($0.outcome) \($0.at)\($0.answer.map { " \($0.text)" } ?? "")" }
        effects = activation.activation.effects.map(\.recorded)
        state = activation.activation.run
        wake = activation.activation.wake
    }
}

struct RecordingError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

// MARK: Words that do not change when the words for people do

extension JSON {
    var text: String { String(decoding: serialized, as: UTF8.self) }
}

extension Effect {
    fileprivate var recorded: String {
        switch self {
        case .send(let visit, let template, _): "send \(visit.step) \(visit.visit) \(template)"
        case .call(let visit, let call): "call \(visit.step) \(visit.visit) \(call.name) \(call.content.text)"
        case .decide(let decision):
            "decide \(decision.step) \(decision.visit) \(decision.choice) \(decision.saw.text)"
        case .change(let visit, let change): "change \(visit.step) \(visit.visit) \(change.recorded)"
        case .end(let outcome): "end \(outcome.rawValue)"
        }
    }
}

extension Step.Change {
    fileprivate var recorded: String {
        // Attributes have no order of their own.
        if case .attributes(let values) = self { JSON.object(values).text } else { "\(self)" }
    }
}

extension Happening {
    /// What the engine does not decide by itself; its own choices stand among the effects.
    fileprivate var recorded: String? {
        let what: String? =
            switch what {
            case .sent(let step, let visit, let template): "sent \(step) \(visit) \(template)"
            case .skipped(let step, let visit, _, let reasons): "skipped \(step) \(visit) \(reasons.rawValue)"
            case .held(let step, let visit, _, let until, let reasons):
                "held \(step) \(visit) until \(until) \(reasons.rawValue)"
            case .stage(let stage): "stage \(stage)"
            case .entered(let segment): "entered \(segment)"
            case .left(let segment): "left \(segment)"
            case .failed(let reason): "failed \(reason)"
            case .turnedAway(let cap): "turned away \(cap.words)"
            default: nil
            }
        return what.map { "\(at) \(journey ?? "-") \($0)" }
    }
}
