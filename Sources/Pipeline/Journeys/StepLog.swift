import Contracts
import Expressions
import JourneyProgram
import Model
import Postgres
import Store
import Workspaces

/// What the steps of a batch lead to, gathered so that it is written in a handful of statements.
struct StepLog {
    let now: Timestamp
    private(set) var started: [Run] = []
    private(set) var stepped: [Run] = []
    private(set) var wakes: [Timers.Wake] = []
    private(set) var decisions: [Decisions.Decision] = []
    private(set) var messages: [Message] = []
    /// The templates of the messages, by contact.
    private(set) var planned: [ContactKey: Set<String>] = [:]
    private(set) var changes: [Change] = []
    private(set) var faults: [RunFault] = []
    /// Entries that were refused since a run was under way, the last of each.
    private(set) var refusals: [Entries.Place: HistoryPosition] = [:]
    private(set) var ended = 0
    /// Entries that caps let not in.
    private(set) var turnedAway = 0
    /// Journeys whose runs stand still.
    var paused: Set<Pauses.Place> = []

    init(now: Timestamp) { self.now = now }

    /// Notes of each message when that happened for which it is planned.
    mutating func setCauses(_ cause: (Message) -> Timestamp?) {
        for index in messages.indices { messages[index].causeAt = cause(messages[index]) }
    }

    mutating func fail(_ fault: RunFault) { faults.append(fault) }

    mutating func refuse(_ place: Entries.Place, at position: HistoryPosition) {
        refusals[place] = max(refusals[place] ?? position, position)
    }

    /// Notes that a broadcast passed a contact over, and why.
    mutating func passOver(_ opening: Opening, _ key: Entries.Key, _ saw: [String: JSON]) {
        let run = Journey.runID(
            workspace: key.contact.workspace, journey: key.journey, contact: key.contact.contact, entryKey: key.key)
        var saw = saw
        saw["occurrence"] = opening.occurrence.map { .string("\($0)") }
        decisions.append(
            Decisions.Decision(
                contact: key.contact, id: Journey.decisionID(run: run, step: Journey.passedOver, visit: 1), at: now,
                kind: "entry", journey: key.journey, step: "enter", choice: Journey.passedOver, saw: .object(saw)))
    }

    /// Notes that a cap did not let a contact in.
    mutating func turnAway(_ opening: Opening, _ cap: EntryCap) {
        turnedAway += 1
        var saw = Journey.sight(of: cap)
        saw["at"] = .string(opening.signal.at.description)
        if opening.event != nil { saw["event"] = .string(opening.signal.name) }
        if let occurrence = opening.occurrence { saw["occurrence"] = .string("\(occurrence)") }
        decisions.append(
            Decisions.Decision(
                contact: opening.contact, id: opening.refusalID, at: now, kind: "entry",
                journey: opening.program.journey.name, step: "enter", choice: Journey.turnedAway, saw: .object(saw)))
    }

    mutating func record(start activation: Activation, of run: Run, _ program: Program) throws {
        started.append(try take(activation, of: run, program))
    }

    /// An activation that changes nothing leaves no trace.
    mutating func record(_ activation: Activation, of underWay: RunUnderWay) throws {
        guard
            activation.run != underWay.state || !activation.effects.isEmpty || activation.wake != underWay.run.wakeAt
        else { return }
        stepped.append(try take(activation, of: underWay.run, underWay.program))
    }

    /// The run as it stands afterwards.
    private mutating func take(_ activation: Activation, of run: Run, _ program: Program) throws -> Run {
        var run = run
        // Before anything is noted: a template that is gone must leave nothing behind.
        let messages = try activation.effects.compactMap { try message($0, of: run, program) }
        self.messages += messages
        for message in messages { planned[message.contact, default: []].insert(message.template) }
        run.state = activation.run.json
        // By the contact's own clock its turn comes no earlier than its time.
        let first = activation.run.opensAt.map { max($0, now) } ?? now
        run.waitsSince = activation.run.awaitsTurn ? run.waitsSince ?? first : nil
        for effect in activation.effects {
            switch effect {
            case .send, .call: break
            case .change(let visit, let change): changes.append(Change(run: run, visit: visit, change: change))
            case .decide(let decision): decide(decision, run)
            case .end(let outcome):
                run.endedAt = now
                run.outcome = outcome.rawValue
                ended += 1
            }
        }
        if activation.wake != run.wakeAt { arm(activation.wake, &run) }
        return run
    }

    private mutating func arm(_ wake: Timestamp?, _ run: inout Run) {
        run.wakeAt = wake
        run.version += 1
        guard let wake else { return }
        wakes.append(Timers.Wake(contact: run.contact, run: run.id, version: run.version, dueAt: wake))
    }

    private func message(_ effect: Effect, of run: Run, _ program: Program) throws -> Message? {
        switch effect {
        case .send(let visit, let template, let content):
            let (revision, workspace) = program.wording ?? (program.revision, program.workspace)
            guard let email = workspace.emails[template] else {
                throw ProgramError(description: "revision \(revision) has no e-mail \"\(template)\"")
            }
            var message = message(visit, template, of: run, revision)
            if case .topic(let name) = email.ground { message.topic = name }
            message.content = content?.json
            // Whoever another journey's step has brought in is in no broadcast.
            guard !Journey.isCall(run.entryKey) else { return message }
            let trial = program.journey.variant(
                atStep: visit.step, for: run.contact.contact, occasion: run.entry.at)
            if trial != nil { message.tested = run.entry.at }
            message.segment = program.journey.broadcast?.segment
            return message
        case .call(let visit, let call):
            var message = message(visit, call.name, of: run, program.revision)
            message.channel = program.workspace.channel(of: call)
            message.topic = call.topic
            message.showUntil = call.lifetime.map { now + $0 }
            return message
        case .change, .decide, .end: return nil
        }
    }

    private func message(_ visit: StepVisit, _ template: String, of run: Run, _ revision: Int32) -> Message {
        Message(
            contact: run.contact, id: Journey.messageID(run: run.id, step: visit.step, visit: visit.visit), run: run.id,
            journey: run.journey, step: visit.step, visit: Int32(visit.visit), revision: revision,
            template: template, topic: nil, plannedAt: now)
    }

    private mutating func decide(_ decision: JourneyProgram.Decision, _ run: Run) {
        let kind =
            switch decision.step {
            case "enter": "entry"
            case "goal", "exit", "end": "end"
            default: "branch"
            }
        let id = Journey.decisionID(run: run.id, step: decision.step, visit: decision.visit)
        decisions.append(
            Decisions.Decision(
                contact: run.contact, id: id, at: now,
                kind: kind, journey: run.journey, run: run.id, step: decision.step, choice: decision.choice,
                saw: decision.saw))
    }
}

extension Workspace {
    fileprivate func channel(of call: Step.Call) -> Message.Channel {
        switch call.target {
        case .webhook: .webhook
        case .team: isMailed(call) ? .notify : .webhook
        case .visitor: .site
        case .post: .postcard
        }
    }
}

// MARK: Paused journeys

extension StepLog {
    /// Whether a run is not to be stepped, since its journey is paused.
    func standsStill(_ run: Run) -> Bool {
        !paused.isEmpty
            && paused.contains(Pauses.Place(workspace: run.contact.workspace, journey: run.journey))
    }

    /// The runs that may be stepped; of the others is noted that they are to be looked at when their journey goes on.
    func moving(_ runs: [Run], in session: PostgresSession) throws -> [Run] {
        guard !paused.isEmpty else { return runs }
        try Pauses.hold(runs.filter(standsStill), now: now, in: session)
        return runs.filter { !standsStill($0) }
    }
}
