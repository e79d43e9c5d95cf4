import Contracts
import Expressions
import Messaging
import Model
import Postgres
import Store
import Transit
import Workspaces

/// One transaction that turns a batch of accepted events into facts.
struct AudienceBatch {
    struct Result: Sendable {
        /// How many of the events were new.
        var fresh: Int
        /// Committed with the batch; to be published now.
        var outbox: [Outbox.Row]
    }

    let lane: Lane
    let definitions: DefinitionsCache
    let machineNow: Timestamp
    let session: PostgresSession

    mutating func apply(_ events: ArraySlice<AcceptedEvent>, arriving flights: [UniqueID]) throws -> Result {
        let clock = try DomainClock.reading(in: session)
        let subjects = Set(events.map { ContactKey(workspace: $0.workspace, contact: $0.subjectID) })
        var survivors = try Contacts.survivors(of: Array(subjects), in: session)
        let links = try IdentityLinks(events, survivors: survivors, in: session)
        try Contacts.lock(Array(Set(survivors.values).union(links.contacts)), in: session)
        let fresh = try EventLog.append(Array(events), in: session)
        try Flights.arrive(flights, in: session)
        let merges = try links.merge(now: clock.now, in: session)
        guard !fresh.isEmpty || !merges.survivors.isEmpty else { return Result(fresh: 0, outbox: []) }
        for (subject, survivor) in survivors { survivors[subject] = merges.survivors[survivor] ?? survivor }

        let byContact = Dictionary(grouping: fresh) {
            survivors[ContactKey(workspace: $0.workspace, contact: $0.subjectID)]!
        }
        var audience = try LoadedAudience(
            Set(byContact.keys).union(merges.survivors.values), holding: merges.stages, names: definitions,
            now: clock.now, in: session)
        var signals: [Signal] = []
        for (contact, events) in byContact.sorted(by: { $0.key < $1.key }) {
            signals += try audience.apply(events, to: contact)
        }
        try audience.save(now: clock.now, in: session)
        signals += try audience.disturbed(by: byContact, in: session)
        let outbox = rows(for: signals)
        try Outbox.add(outbox, clock: clock.mode, machineNow: machineNow, in: session)
        return Result(fresh: fresh.count, outbox: outbox)
    }

    /// Bodies of bounded size, in the lane that the events came by.
    private func rows(for signals: [Signal]) -> [Outbox.Row] {
        stride(from: 0, to: signals.count, by: 1000).map { start in
            let batch = SignalBatch(id: .random(), signals: Array(signals[start..<min(start + 1000, signals.count)]))
            return Outbox.Row(
                id: batch.id, queue: QueueName.signals.rawValue, lane: lane.rawValue, body: batch.encoded)
        }
    }
}
