import Contracts
import Messaging
import Model
import Postgres
import Store
import Transit

/// One transaction that steps runs.
struct JourneyBatch {
    struct Result: Sendable {
        var contacts = 0
        var started = 0
        var ended = 0
        var planned = 0
        /// Committed with the batch; to be published now.
        var outbox: [Outbox.Row] = []
    }

    let lane: Lane
    let definitions: DefinitionsCache
    let machineNow: Timestamp
    let session: PostgresSession

    func apply(_ signals: [Signal], arriving flights: [UniqueID]) throws -> Result {
        let clock = try DomainClock.reading(in: session)
        let survivors = try Contacts.survivors(of: Array(Set(signals.map(\.contact))), in: session)
        let byContact = Dictionary(grouping: signals.filter { survivors[$0.contact] != nil }) {
            survivors[$0.contact]!
        }
        try Contacts.lock(Array(byContact.keys), in: session)
        try Flights.arrive(flights, in: session)
        guard !byContact.isEmpty else { return Result() }
        let cast = try Cast(of: Array(byContact.keys), definitions: definitions, clock: clock, in: session)
        var steps = StepLog()
        for (contact, signals) in byContact.sorted(by: { $0.key < $1.key }) {
            try cast.start(signals, of: contact, log: &steps)
            try cast.step(of: contact, log: &steps) { _ in true }
        }
        return try write(steps, contacts: byContact.count, clock: clock)
    }

    /// Looks at the runs of `due` contacts that have a timer due; those that somebody else holds are left to it.
    func wake(_ due: [ContactKey]) throws -> Result {
        let clock = try DomainClock.reading(in: session)
        let locked = try Contacts.lockFree(due, in: session)
        guard !locked.isEmpty else { return Result() }
        let runs = try Timers.take(of: locked, at: clock.now, in: session)
        let cast = try Cast(of: Array(runs.keys), definitions: definitions, clock: clock, in: session)
        var steps = StepLog()
        for (contact, ids) in runs.sorted(by: { $0.key < $1.key }) {
            try cast.step(of: contact, log: &steps) { ids.contains($0.id) }
        }
        return try write(steps, contacts: locked.count, clock: clock)
    }

    private func write(_ steps: StepLog, contacts: Int, clock: DomainClock.Reading) throws -> Result {
        try Runs.insert(steps.started, in: session)
        try Runs.save(steps.stepped, in: session)
        try Timers.arm(steps.wakes, in: session)
        try Decisions.append(steps.decisions, in: session)
        try Messages.plan(steps.messages, in: session)
        let outbox = hints(steps.messages)
        try Outbox.add(outbox, clock: clock.mode, machineNow: machineNow, in: session)
        return Result(
            contacts: contacts, started: steps.started.count, ended: steps.ended, planned: steps.messages.count,
            outbox: outbox)
    }

    private func hints(_ messages: [Message]) -> [Outbox.Row] {
        stride(from: 0, to: messages.count, by: 500).map { start in
            let part = messages[start..<min(start + 500, messages.count)]
            let body = MessageHints(hints: part.map { MessageHints.Hint(contact: $0.contact, message: $0.id) })
            return Outbox.Row(
                id: .random(), queue: QueueName.messages.rawValue, lane: lane.rawValue, body: body.encoded)
        }
    }
}
