import Contracts
import Expressions
import JourneyProgram
import Model
import Postgres
import Store
import Transit
import Workspaces

/// The contacts of a batch with their runs, facts and definitions, loaded under their locks.
struct Cast {
    private let now: Timestamp
    private let people: [ContactKey: ContactFactSheet]
    private let openRuns: [ContactKey: [Run]]
    private let entries: [ContactKey: Set<[String]>]
    private let verdicts: [UniqueID: [Messages.Verdict]]
    private let programs: Programs

    init(
        of contacts: [ContactKey], definitions: DefinitionsCache, clock: DomainClock.Reading,
        in session: PostgresSession
    ) throws {
        now = clock.now
        openRuns = try Runs.load(of: contacts, in: session)
        entries = try Runs.entries(of: contacts, in: session)
        verdicts = try Messages.verdicts(of: Array(openRuns.values.joined()), in: session)
        programs = try Programs(
            of: Set(contacts.map(\.workspace)), runs: openRuns.values.joined(), definitions, in: session)
        people = try ContactFactSheet.load(contacts, events: programs.events, in: session)
    }

    /// Starts the runs that signals lead to.
    func start(_ signals: [Signal], of contact: ContactKey, log: inout StepLog) throws {
        guard let sheet = people[contact] else { return }
        var taken = entries[contact] ?? []
        for signal in signals.sorted(by: { $0.position < $1.position }) {
            for program in programs.live(in: contact.workspace) {
                let world = sheet.world(program.workspace, now: now)
                guard let key = entryKey(signal, program, world, sheet),
                    taken.insert([program.journey.name, key]).inserted
                else { continue }
                let id = Journey.runID(
                    workspace: contact.workspace, journey: program.journey.name, contact: contact.contact,
                    entryKey: key)
                let activation = try program.journey.start(at: signal.position, in: world)
                let run = Run(
                    contact: contact, id: id, journey: program.journey.name, journeyVersion: program.version,
                    entryKey: key, entry: signal.position, enteredAt: now, state: activation.run.json)
                log.record(activation, of: run, program: program, isNew: true, now: now)
            }
        }
    }

    private func entryKey(
        _ signal: Signal, _ program: Programs.Program, _ world: World, _ sheet: ContactFactSheet
    ) -> String? {
        switch signal.cause {
        case .stage(let stage): program.journey.entryKey(forStage: stage, in: world)
        case .event:
            sheet.event(named: signal.name, at: signal.position).flatMap {
                program.journey.entryKey(for: $0, in: world)
            }
        }
    }

    /// Steps the contact's open runs for which `isMeant` holds.
    func step(of contact: ContactKey, log: inout StepLog, where isMeant: (Run) -> Bool) throws {
        guard let sheet = people[contact] else { return }
        for run in openRuns[contact] ?? [] where isMeant(run) {
            guard let program = programs.program(of: run) else { continue }
            let world = sheet.world(program.workspace, now: now, verdicts: verdicts[run.id] ?? [])
            let state = try RunState(json: run.state)
            let activation = try program.journey.step(state, in: world)
            log.record(activation, of: run, program: program, isNew: false, now: now)
        }
    }
}

extension Signal {
    var position: HistoryPosition { HistoryPosition(at: at, eventID: eventID) }
}
