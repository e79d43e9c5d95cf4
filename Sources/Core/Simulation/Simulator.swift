import Expressions
public import JourneyProgram
import Mail
import Model
import SendGate
public import Workspaces

/// A workspace made ready to be played: all that does not depend on whom it plays is worked out once.
///
/// What plays is what lives: stages, segments, scores, journeys and the send gate decide by the very code that scoring,
/// scheduler and mailer call. A play knows one contact and no one else; messages are handed over at the instant at which
/// the gate lets them through.
public final class Simulator: Sendable {
    public let workspace: Workspace
    let parts: [Part]
    let segments: SegmentQuestions
    /// By what may start them, the places of the journeys.
    let started: [Start: [Int]]
    /// The dates with which journeys start.
    let dates: [(journey: String, date: ContactDate)]
    /// The broadcasts that go out, with the places of their journeys.
    let broadcasts: [(part: Int, broadcast: Broadcast)]
    /// Per event, the scores that it may change.
    let scored: [String: [ScoreModel]]
    /// Per template, of postcards as `postcard:NAME`, on what ground it is sent.
    let grounds: [String: MessageClass]
    /// The templates that there are in several languages.
    let translated: Set<String>
    /// The events that tell what came of a message and that something looks at.
    let heardOutcomes: Set<String>
    /// The events of sales that topics rest on.
    let saleEvents: Set<String>
    private let stages: StageQuestions
    /// Per event, stage and whether it describes the contact: the stages that are worth asking about.
    private let asked: [String: [Set<Int>]]
    let askedInTime: [Set<Int>]
    let allStages: Set<Int>

    /// What may start a journey.
    enum Start: Hashable {
        case event(String)
        case stage(String)
        case entered(segment: String)
        case left(segment: String)
        case date(journey: String)
        case journey(String)
    }

    /// A journey with what its runs look at.
    struct Part: Sendable {
        let journey: Journey
        let interest: Set<String>
        /// Per step, what is waited for there.
        let awaits: [String: [String]]
        /// Of a broadcast, whom it goes to.
        let segment: String?

        /// Whether an event may move a run.
        func isMoved(by event: String) -> Bool {
            interest.contains(event) || interest.contains(JourneyInterest.anything)
        }
    }

    /// - Parameter only: the journeys that take entries; nil are all.
    public convenience init(_ workspace: Workspace, journeys only: Set<String>? = nil) {
        self.init(
            workspace, playing: workspace.journeys.map(\.journey).filter { only?.contains($0.name) ?? true })
    }

    /// - Parameter journeys: in place of the workspace's own.
    public init(_ workspace: Workspace, playing journeys: [Journey]) {
        self.workspace = workspace
        let parts = journeys.map { journey in
            let awaits = journey.outline.map { ($0.name, $0.awaits) }
            return Part(
                journey: journey, interest: journey.interest, awaits: Dictionary(awaits) { first, _ in first },
                segment: journey.broadcast?.segment)
        }
        self.parts = parts
        segments = SegmentQuestions(workspace)
        stages = StageQuestions(workspace)
        started = Dictionary(grouping: parts.indices) { Start(parts[$0].journey) }
        dates = journeys.compactMap { journey in
            if case .date(let date, _) = journey.entry.trigger { (journey.name, date) } else { nil }
        }
        broadcasts = parts.indices.compactMap { place in parts[place].journey.broadcast.map { (place, $0) } }
        var scored: [String: [ScoreModel]] = [:]
        for model in workspace.scores {
            for event in model.mentionedEvents { scored[event, default: []].append(model) }
        }
        self.scored = scored
        let cards = workspace.postcards.map { ("postcard:\($0.key)", MessageClass($0.value.ground)) }
        grounds = workspace.emails.mapValues { MessageClass($0.ground) }.merging(cards) { $1 }
        translated = Set(workspace.emails.values.lazy.filter(\.isTranslated).map(\.name))
        saleEvents = workspace.policy.saleEvents
        let heard = workspace.interestingEvents.union(scored.keys)
        heardOutcomes = heard.intersection([
            EventNames.emailSent, EventNames.emailSkipped, EventNames.webhookDelivered, EventNames.webhookFailed,
            EventNames.teamNotified, EventNames.postcardSent, EventNames.postcardSkipped,
        ])
        allStages = Set(workspace.stages.indices)
        let held = [nil] + workspace.stages.map { Optional($0.name) }
        let stages = stages
        func asked(_ stirrings: Stirrings) -> [Set<Int>] { held.map { stages.asked(above: $0, stirrings) } }
        let names = heard.union(workspace.segments.flatMap(\.when.mentionedEvents)).union([Self.unheard])
        self.asked = names.reduce(into: [:]) { table, name in
            table[name] =
                asked(Stirrings(names: [name])) + asked(Stirrings(names: [name], describes: true))
        }
        var woken = Stirrings()
        woken.isWoken = true
        askedInTime = asked(woken)
    }

    /// Whether what becomes of one person hangs on others: on who came before, or on what they did with what was tried.
    var isShared: Bool {
        parts.contains { part in
            let journey = part.journey
            return journey.throttle != nil || journey.pace != nil || journey.test != nil || !journey.entry.caps.isEmpty
        }
    }

    /// What becomes of a mail that is kept back.
    func restraint(ofEmail template: String, step: String, part: Int) -> Restraint {
        workspace.restraint(ofEmail: template, step: step, of: parts[part].journey)
    }

    /// The journeys that something may start.
    func started(by start: Start) -> [Int] { started[start] ?? [] }

    /// Stands for an event that nothing mentions.
    private static let unheard = ""

    /// The stages that are worth asking about when an event comes to somebody in a stage.
    func stages(askedBy event: String, in stage: String?, describes: Bool) -> Set<Int> {
        guard !allStages.isEmpty, let row = asked[event] ?? asked[Self.unheard] else { return [] }
        let place = workspace.place(of: stage) + 1
        return row[describes ? place + allStages.count + 1 : place]
    }

    /// The address at hand for mail to a contact.
    static func address(of attributes: [String: JSON]) -> MessageAddress {
        guard let address = attributes["email"]?.string, !address.isEmpty else { return .missing }
        return (try? MailAddress(address)) == nil ? .malformed : .usable(address.comparedAddress)
    }
}

extension MessageClass {
    fileprivate init(_ ground: EmailDefinition.Ground) {
        switch ground {
        case .topic(let name): self = .topic(name)
        case .transactional: self = .transactional
        }
    }
}

extension Simulator.Start {
    fileprivate init(_ journey: Journey) {
        self =
            switch journey.entry.trigger {
            case .event(let name, _): .event(name)
            case .stage(let stage): .stage(stage)
            case .segment(let segment, _): .entered(segment: segment)
            case .left(let segment, _): .left(segment: segment)
            case .date: .date(journey: journey.name)
            case .broadcast, .called: .journey(journey.name)
            }
    }
}
