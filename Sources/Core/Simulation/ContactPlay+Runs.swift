import Expressions
import JourneyProgram
import Model
import Workspaces

/// A run of the contact who is played.
struct PlayedRun: Sendable {
    /// The journey's place.
    let part: Int
    let entryKey: String
    var state: RunState
    var wake: Timestamp?
    var verdicts: [StepVisit: MessageVerdict] = [:]
    /// When it may begin, where a throttle lets few begin at once.
    var turn: Timestamp?

    /// When it is looked at next.
    var due: Timestamp {
        let wake = wake ?? .distantFuture
        return state.awaitsTurn ? min(wake, turn ?? .distantFuture) : wake
    }
}

/// An entry that was taken.
struct TakenEntry: Sendable, Hashable {
    let part: Int
    let key: String
}

/// A date that has come, with the journey that starts with it.
typealias ComingDate = (journey: String, occurrence: ContactDate.Occurrence)

extension ContactPlay {
    /// Lets runs under way and entries act on what was signalled.
    mutating func hear(_ event: HistoryEvent?, reached: [StageReached], moves: [SegmentMove], dates: [ComingDate] = [])
    {
        for place in open {
            let part = simulator.parts[runs[place].part]
            let isMoved =
                event.map { part.isMoved(by: $0.name) } ?? false
                || moves.contains { part.interest.contains(JourneyInterest.segment($0.segment)) }
            if isMoved { activate(place) }
        }
        if let event {
            for part in simulator.started(by: .event(event.name)) {
                enter(part, at: event.position) { $0.entryKey(for: event, in: $1) }
            }
        }
        for step in reached {
            let place = HistoryPosition(at: step.at, eventID: step.eventID)
            for part in simulator.started(by: .stage(step.stage)) {
                enter(part, at: place) { $0.entryKey(forStage: step.stage, at: place, in: $1) }
            }
        }
        for move in moves { follow(move) }
        for (name, date) in dates {
            for part in simulator.started(by: .date(journey: name)) {
                enter(part, at: HistoryPosition(at: date.at, eventID: "")) { $0.entryKey(forDate: date.key, in: $1) }
            }
        }
        hearOutcomes()
    }

    private mutating func follow(_ move: SegmentMove) {
        let place = HistoryPosition(at: move.at, eventID: move.eventID ?? "")
        let (segment, ordinal) = (move.segment, move.ordinal)
        for part in simulator.started(by: move.isEntry ? .entered(segment: segment) : .left(segment: segment)) {
            enter(part, at: place) { journey, _ in
                move.isEntry
                    ? journey.entryKey(forSegment: segment, ordinal: ordinal, isBackfill: false)
                    : journey.entryKey(forLeaving: segment, ordinal: ordinal, isBackfill: false)
            }
        }
    }

    private func world(of run: PlayedRun) -> World {
        var world = world(run.verdicts)
        world.results = results(for: run)
        world.variants = tried(simulator.parts[run.part].journey, run.entryKey)
        world.hasTurn = run.turn.map { $0 <= now } ?? false
        return world
    }

    /// What is tried on a run, as far as the hash does not say.
    private func tried(_ journey: Journey, _ key: String) -> [String: String] {
        variants.merging(journey.variants(ofEntry: key)) { $1 }
    }

    private func world(_ verdicts: [StepVisit: MessageVerdict] = [:]) -> World {
        var world = World(
            facts: course.facts, contact: key.contact, zone: simulator.workspace.zone, verdicts: verdicts,
            received: received.union(held.map(\.template)).union(pending.map(\.template)))
        world.variants = variants
        world.persona = course.book.persona.persona ?? simulator.workspace.personas.fallback
        return world
    }

    /// A broadcast reaches the contact, unless it has reached somebody else at the same address; what the contact's own clock
    /// has passed by too long is not sent.
    mutating func enter(_ part: Int, at opening: Timestamp, with occurrence: Schedule.Occurrence) {
        let journey = simulator.parts[part].journey
        guard !letterboxes.isReached(address, by: part, at: opening),
            journey.missedTime(of: occurrence, in: world()) == nil
        else { return }
        let earlier = runs.count
        enter(part, at: HistoryPosition(at: opening, eventID: ""), of: occurrence) { journey, _ in
            journey.entryKey(forCall: Journey.broadcastKey(occurrence))
        }
        if runs.count > earlier { letterboxes.reach(address, by: part, at: opening) }
    }

    private mutating func enter(
        _ part: Int, at place: HistoryPosition, of occurrence: Schedule.Occurrence? = nil,
        _ key: (Journey, World) -> String?
    ) {
        let journey = simulator.parts[part].journey
        var world = world()
        guard let key = key(journey, world), isTaken(part, at: place),
            !taken.contains(TakenEntry(part: part, key: key))
        else { return }
        if !journey.entry.caps.isEmpty, let full = entryCaps.full(of: part, journey.entry.caps, now: now) {
            return tell(.turnedAway(full), journey.name)
        }
        taken.insert(TakenEntry(part: part, key: key))
        world.variants = tried(journey, key)
        do {
            let activation = try journey.start(at: place, of: occurrence, in: world)
            let index = runs.count
            runs.append(PlayedRun(part: part, entryKey: key, state: activation.run))
            open.append(index)
            past[part]?.take(place, isOver: false)
            tell(.started, journey.name)
            take(activation, index, cameFrom: nil)
            goOn(index)
            takeTurn(index, journey)
        } catch {
            tell(.failed("\(error)"), journey.name)
        }
    }

    /// Lets a run begin that a throttle concerns, or has it wait.
    private mutating func takeTurn(_ index: Int, _ journey: Journey) {
        guard runs[index].state.awaitsTurn, runs[index].state.outcome == nil, let throttle = journey.throttle else {
            return
        }
        let since = max(now, runs[index].state.opensAt ?? now)
        let turn = entryTurns.turn(of: runs[index].part, under: throttle, now: since)
        runs[index].turn = turn
        guard turn > now else { return activate(index) }
        if turn > since { tell(.waits(step: "enter", until: turn), journey.name) }
    }

    /// Whether earlier entries let one be taken at a place.
    private mutating func isTaken(_ part: Int, at place: HistoryPosition) -> Bool {
        guard let interval = simulator.parts[part].journey.entry.again.interval else { return true }
        let earlier = past[part]
        let underWay = open.count { runs[$0].part == part }
        past[part] = PastEntries(last: earlier?.last, refused: earlier?.refused, underWay: underWay)
        switch past[part]?.answer(to: place, every: interval) {
        case .taken: return true
        case .refusedMeanwhile:
            past[part]?.refuse(place)
            return false
        default: return false
        }
    }

    /// Looks at a run, and again for as long as it need not wait.
    mutating func activate(_ index: Int) {
        guard runs[index].state.outcome == nil else { return }
        step(index)
        goOn(index)
    }

    mutating func goOn(_ index: Int) {
        while let visit = runs[index].state.awaitedMessage, runs[index].verdicts[visit] != nil { step(index) }
    }

    private mutating func step(_ index: Int) {
        let (run, journey) = (runs[index], simulator.parts[runs[index].part].journey)
        do {
            take(try journey.step(run.state, in: world(of: run)), index, cameFrom: run.state)
        } catch {
            // It stays as it is, and is not looked at again.
            runs[index].wake = nil
            open.removeAll { $0 == index }
            tell(.failed("\(error)"), journey.name)
        }
    }

    private mutating func take(_ activation: Activation, _ index: Int, cameFrom before: RunState?) {
        let name = simulator.parts[runs[index].part].journey.name
        keep(activation, index, cameFrom: before)
        runs[index].state = activation.run
        runs[index].wake = activation.wake
        var saw = JSON.null
        for effect in activation.effects {
            switch effect {
            case .send(let visit, let template, let content): plan(visit, template, content, index)
            case .call(let visit, let call):
                carry(call, visit, index)
            case .change(let visit, let change): carryOut(change, visit, index)
            case .decide(let decision):
                saw = decision.saw
                guard !Self.ofTheWhole.contains(decision.step) else { continue }
                tell(
                    .chose(step: decision.step, visit: decision.visit, choice: decision.choice, saw: decision.saw), name
                )
            case .end(let outcome):
                tell(.ended(Happening.Outcome(outcome.rawValue) ?? .completed, saw: saw), name)
                open.removeAll { $0 == index }
            }
        }
        if let opening = activation.run.opensAt, before == nil {
            tell(.waits(step: activation.run.step, until: opening), name)
        }
        if before?.phase != activation.run.phase || before?.step != activation.run.step { tellWaiting(index, name) }
    }

    /// The names of decisions that concern a run as a whole.
    private static let ofTheWhole: Set<String> = ["enter", "goal", "exit", "end"]

    private mutating func tellWaiting(_ index: Int, _ name: String) {
        let run = runs[index].state
        switch run.phase {
        case .waiting(let until): tell(.waits(step: run.step, until: until), name)
        case .waitingForEvent(_, let until):
            let awaited = simulator.parts[runs[index].part].awaits[run.step] ?? []
            tell(.waitsFor(step: run.step, awaited, until: until), name)
        case .waitingForGoal: tell(.waitsForGoal(until: runs[index].wake), name)
        default: break
        }
    }
}

// MARK: What steps change

/// A journey that a step of another starts.
struct Call: Sendable {
    let journey: String
    let key: String
}

extension ContactPlay {
    private mutating func carryOut(_ change: Step.Change, _ visit: StepVisit, _ index: Int) {
        let run = Self.runID(index)
        let id = Journey.changeID(run: run, step: visit.step, visit: visit.visit).description
        switch change {
        case .attributes(let values):
            let event = HistoryEvent(at: now, eventID: id, name: EventNames.identified, properties: .object(values))
            outcomes.append(PlayedEvent(event, traits: values))
        case .stage(let stage):
            let properties = JSON.object(["stage": .string(stage)])
            let event = HistoryEvent(at: now, eventID: id, name: EventNames.stageGiven, properties: properties)
            outcomes.append(PlayedEvent(event))
        case .points(let given):
            let properties = JSON.object(given.properties)
            outcomes.append(
                PlayedEvent(HistoryEvent(at: now, eventID: id, name: EventNames.pointsGiven, properties: properties)))
        case .start(let journey):
            calls.append(
                Call(journey: journey, key: Journey.callKey(run: run, step: visit.step, visit: visit.visit)))
        }
    }

    /// Stands for the id that a run has where it lives.
    static func runID(_ index: Int) -> UniqueID { .derived("loods.play", "\(index)") }

    mutating func enter(_ call: Call) {
        for part in simulator.parts.indices where simulator.parts[part].journey.name == call.journey {
            enter(part, at: HistoryPosition(at: now, eventID: "")) { journey, _ in journey.entryKey(forCall: call.key) }
        }
    }
}
