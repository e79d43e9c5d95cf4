import Contracts
import JourneyProgram
import Model
import Postgres
import Store
import Transit
import Workspaces

/// All that a batch may move, loaded under the locks of its contacts: what may start, the runs under way, and the facts
/// that these look at.
struct Cast {
    private let now: Timestamp
    private let definitions: DefinitionsCache
    private let rung: Set<UniqueID>
    private let turns: Set<UniqueID>
    private let openings: Openings
    private let underWay: [RunUnderWay]
    private let sheets: [ContactKey: ContactFactSheet]
    private let tests: TestsDue
    private let verdicts: [UniqueID: [Messages.Verdict]]

    /// - Parameters:
    ///   - rung: the runs that a mailer has told of a verdict.
    ///   - turns: the runs whose turn it is to begin.
    /// - Throws: ``TestsUndecided`` too, where the batch does not go on without winners.
    init(
        _ openings: Openings = Openings(), underWay: [RunUnderWay], rung: Set<UniqueID> = [],
        turns: Set<UniqueID> = [], now: Timestamp, for batch: JourneyBatch
    ) throws {
        let session = batch.session
        definitions = batch.definitions
        self.now = now
        self.rung = rung
        self.turns = turns
        self.openings = openings
        self.underWay = underWay
        var mentions: [ContactKey: Mentions] = [:]
        for opening in openings.all {
            mentions[opening.contact, default: Mentions()].formUnion(opening.program.journey.mentions)
        }
        for each in underWay {
            mentions[each.run.contact, default: Mentions()].formUnion(each.program.journey.runMentions)
        }
        tests = try TestsDue(underWay, now: now, in: session)
        if !batch.goesOnUndecided, !tests.undecided.isEmpty { throw TestsUndecided(tests: tests.undecided) }
        sheets = try ContactFactSheet.load(mentions, in: session)
        verdicts = try Messages.verdicts(of: underWay.filter(\.awaitsVerdict).map(\.run), in: session)
    }

    /// Steps the runs under way, and starts what may start then.
    func act(_ log: inout StepLog, in session: PostgresSession) throws {
        for each in underWay { try step(each, &log) }
        try start(&log, in: session)
    }

    private func start(_ log: inout StepLog, in session: PostgresSession) throws {
        let entries = openings.all.compactMap { opening -> (opening: Opening, key: Entries.Key)? in
            let world = sheets[opening.contact]?.world(opening.program.workspace, now: now)
            return world.flatMap { opening.key(in: $0) }.map { (opening, $0) }
        }.firstComeFirst
        // Keys without text were asked for before anything was loaded.
        let keyed = Set(entries.map(\.key).filter { !$0.key.isEmpty })
        var taken = try Entries.used(among: keyed, in: session)
        var past = openings.past
        for run in log.stepped where run.outcome != nil { past[Entries.Place(run)]?.end() }
        let workspaces = Set(entries.map(\.opening.contact.workspace))
        let live = workspaces.isEmpty ? [:] : try definitions.live(workspaces, in: session)
        var door = try BroadcastDoor(entries.map(\.opening), sheets, in: session)
        var caps = try CapDoor(entries.map(\.opening), now: now, in: session)
        for (opening, key) in entries where !caps.hasRefused(opening) && taken.insert(key).inserted {
            guard opening.isTaken(after: past[opening.place], &log), let sheet = sheets[opening.contact] else {
                continue
            }
            if let refusal = door.refusal(of: opening, sheet, in: sheet.world(opening.program.workspace, now: now)) {
                log.passOver(opening, key, refusal)
                continue
            }
            if let full = caps.full(for: opening) {
                // Whoever comes again may find room.
                taken.remove(key)
                log.turnAway(opening, full)
                continue
            }
            door.letIn(opening, sheet)
            guard let isOver = try start(opening, under: key, live[opening.contact.workspace], &log) else { continue }
            caps.letIn(opening)
            past[opening.place]?.take(opening.signal.position, isOver: isOver)
        }
        try caps.save(in: session)
    }

    /// - Parameter live: the definitions that say who is held out, as the gate asks; nil: those of the journey's version.
    /// - Returns: whether the run has ended at once; nil where there is none.
    private func start(
        _ opening: Opening, under key: Entries.Key, _ live: Workspace?, _ log: inout StepLog
    ) throws -> Bool? {
        let (contact, program) = (opening.contact, opening.program)
        guard let sheet = sheets[contact] else { return nil }
        do {
            let place = Pauses.Place(workspace: contact.workspace, journey: key.journey)
            var world = sheet.world(program.workspace, now: now, planned: log.planned[contact] ?? [])
            world.variants = program.journey.variants(ofEntry: key.key)
            let activation =
                log.paused.contains(place)
                ? program.journey.enter(at: opening.signal.position, of: opening.occurrence, in: world)
                : try program.journey.start(at: opening.signal.position, of: opening.occurrence, in: world)
            let id = Journey.runID(
                workspace: contact.workspace, journey: key.journey, contact: contact.contact, entryKey: key.key)
            var run = Run(
                contact: contact, id: id, journey: key.journey, journeyVersion: program.version, entryKey: key.key,
                entry: opening.signal.position, enteredAt: now, state: activation.run.json)
            run.isHeldOut = (live ?? program.workspace).isHeldOut(contact.contact)
            try log.record(start: activation, of: run, program)
            return activation.run.outcome != nil
        } catch  where RunFault.explains(error) {
            log.fail(RunFault(opening, error))
            return nil
        }
    }

    private func step(_ each: RunUnderWay, _ log: inout StepLog) throws {
        guard let sheet = sheets[each.run.contact] else { return }
        do {
            var world = sheet.world(
                each.program.workspace, now: now, verdicts: verdicts[each.run.id] ?? [],
                isRung: rung.contains(each.run.id), planned: log.planned[each.run.contact] ?? [],
                goesOn: each.program.journey.goesOn(whileHeldAt:))
            world.variants = each.program.journey.variants(ofEntry: each.run.entryKey)
            world.results = tests.results(for: each)
            world.hasTurn = turns.contains(each.run.id)
            try log.record(each.program.journey.step(each.state, in: world), of: each)
        } catch  where RunFault.explains(error) {
            log.fail(RunFault(each.run, error))
        }
    }
}

extension [(opening: Opening, key: Entries.Key)] {
    /// Where only so many are let in, in the order in which they came; of one contact that is the order anyway.
    fileprivate var firstComeFirst: Self {
        guard contains(where: { !$0.opening.program.journey.entry.caps.isEmpty }) else { return self }
        return enumerated().sorted { left, right in
            let (first, second) = (left.element.opening.signal.at, right.element.opening.signal.at)
            return first == second ? left.offset < right.offset : first < second
        }.map(\.element)
    }
}
