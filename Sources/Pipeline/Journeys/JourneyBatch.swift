import Contracts
import CrashPoints
import Messaging
import Model
import Postgres
import Store
import Transit

/// One transaction that steps runs.
struct JourneyBatch {
    struct Result: Sendable {
        /// Contacts that were looked at.
        var contacts = 0
        var started = 0
        var ended = 0
        var planned = 0
        /// Entries that caps let not in.
        var turnedAway = 0
        /// Set aside in this transaction.
        var faults: [RunFault] = []
        /// Committed with the batch; to be published now.
        var outbox: [Outbox.Row] = []
    }

    let worker: Worker
    let lane: Lane
    let definitions: DefinitionsCache
    let machineNow: Timestamp
    let session: PostgresSession
    /// Whether runs that wait for a winner which nobody has decided go on without; else the batch is given up.
    var goesOnUndecided = false

    func apply(_ signals: [Signal], arriving flights: [UniqueID]) throws -> Result {
        let clock = try DomainClock.reading(in: session)
        let survivors = try Contacts.survivors(of: Array(Set(signals.map(\.contact))), in: session)
        let byContact = Dictionary(grouping: signals.filter { survivors[$0.contact] != nil }) {
            survivors[$0.contact]!
        }
        try Contacts.lock(byContact.keys, in: session)
        CrashPoint.schedulerAfterLock.pass()
        if clock.mode == .stepped { try Flights.arrive(flights, in: session) }
        guard !byContact.isEmpty else { return Result() }
        var programs = Programs(definitions, in: session)
        var log = StepLog(now: clock.now)
        try heed(Set(byContact.keys.map(\.workspace)), &programs, &log)
        try programs.takeEntries(in: Set(byContact.keys.map(\.workspace)))
        let runs = try log.moving(try Runs.open(of: byContact.keys, in: session), in: session)
        let cast = try Cast(
            try Openings(for: byContact, programs, in: session),
            underWay: try read(runs, &programs, &log), now: clock.now, for: self)
        try cast.act(&log, in: session)
        if !log.messages.isEmpty {
            let receipts = try Entries.receipts(of: byContact.mapValues { $0.map(\.eventKey) }, in: session)
            log.setCauses { receipts[$0.contact] }
        }
        return try write(log, contacts: byContact.count, clock: clock)
    }

    /// Looks at the runs of `contacts` that have a timer due, or at one of them; contacts that somebody else holds are left
    /// to it.
    func wake(_ contacts: [ContactKey], only run: UniqueID? = nil) throws -> Result {
        let clock = try DomainClock.reading(in: session)
        let free = try Contacts.lockFree(contacts, in: session).keys
        let taken = try Timers.take(of: free, run: run, at: clock.now, in: session)
        // Stale timers are gone by now, and nobody has a run to look at.
        let meant = taken.filter { !$0.value.isEmpty }
        guard !meant.isEmpty else { return Result(contacts: taken.count) }
        CrashPoint.schedulerCatchingUp.pass()
        var programs = Programs(definitions, in: session)
        var log = StepLog(now: clock.now)
        try heed(Set(meant.keys.map(\.workspace)), &programs, &log)
        let due = meant.flatMap { contact, runs in runs.keys.map { (contact: contact, run: $0) } }
        let runs = try log.moving(try Runs.open(among: due, in: session), in: session)
        let cast = try Cast(
            underWay: try read(runs, &programs, &log),
            rung: Set(meant.values.flatMap { $0.filter(\.value.hasVerdict).keys }), now: clock.now, for: self)
        try cast.act(&log, in: session)
        log.setCauses { meant[$0.contact]?[$0.run]?.at }
        return try write(log, contacts: taken.count, clock: clock)
    }

    /// Learns what people said of the journeys.
    func heed(_ workspaces: Set<WorkspaceID>, _ programs: inout Programs, _ log: inout StepLog) throws {
        let orders = try StandingOrders(of: workspaces, in: session)
        programs.wordings = orders.wordings
        log.paused = orders.paused
    }

    /// The runs that can be read; the others are noted as faults.
    func read(_ runs: [Run], _ programs: inout Programs, _ log: inout StepLog) throws -> [RunUnderWay] {
        CrashItem.run.handle(runs.lazy.map(\.journey))
        var underWay: [RunUnderWay] = []
        for run in runs {
            do {
                underWay.append(try RunUnderWay(run, &programs))
            } catch  where RunFault.explains(error) {
                log.fail(RunFault(run, error))
            }
        }
        return underWay
    }

    func write(_ log: StepLog, contacts: Int, clock: DomainClock.Reading) throws -> Result {
        try Runs.insert(log.started, in: session)
        try Pauses.hold(log.started.filter(log.standsStill), now: clock.now, in: session)
        try Runs.save(log.stepped, in: session)
        try Entries.refuse(log.refusals, in: session)
        try Timers.arm(log.wakes, in: session)
        try Decisions.append(log.decisions, in: session)
        try plan(log.messages)
        try SetAside.add(log.faults.map { $0.item(lane: lane, at: machineNow).tried(by: worker, $0) }, in: session)
        let outbox = hints(log.messages) + Change.rows(log.changes, at: clock.now, lane)
        try Outbox.add(outbox, clock: clock.mode, machineNow: machineNow, in: session)
        CrashPoint.schedulerBeforeCommit.pass()
        return Result(
            contacts: contacts, started: log.started.count, ended: log.ended, planned: log.messages.count,
            turnedAway: log.turnedAway, faults: log.faults, outbox: outbox)
    }

    /// A message planned before is no fault, unless it says something else.
    private func plan(_ messages: [Message]) throws {
        guard try Messages.plan(messages, machineNow: machineNow, in: session) < messages.count,
            let message = try Messages.conflict(among: messages, in: session)
        else { return }
        throw ProgramError(description: "message \(message) is planned from another template")
    }

    /// Those of one body are claimed together: in the bulk lane no more than a mailer claims at once.
    private func hints(_ messages: [Message]) -> [Outbox.Row] {
        let messages = messages.filter(\.channel.isMail)
        let most = lane == .bulk ? 200 : 500
        return stride(from: 0, to: messages.count, by: most).map { start in
            let part = messages[start..<min(start + most, messages.count)]
            let body = MessageHints(hints: part.map { MessageHints.Hint(contact: $0.contact, message: $0.id) })
            return Outbox.Row(
                id: .random(), queue: QueueName.messages.rawValue, lane: lane.rawValue, body: body.encoded)
        }
    }
}
