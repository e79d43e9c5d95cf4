import Contracts
import JourneyProgram
import Messaging
import Model
import Postgres
import Store
import Transit
import Workspaces

/// A journey that begins to take entries of a segment, and with them those who are in it already (`backfill: true`).
///
/// Members of a segment that is new are found, and let in, when it is evaluated; they are not counted here.
struct Entrance: Sendable {
    private static let portion: Int32 = 500

    let journey: String
    private let segment: String
    private let key: JourneyCensus.EntryKey

    /// Nil where applying lets nobody in by itself.
    init?(of change: Application.JourneyChange, _ definitions: Workspace, before old: Workspace?) {
        guard change.kind != .retired, change.kind != .unchanged,
            let journey = definitions.journey(named: change.journey)?.journey,
            case .segment(let segment, backfill: true) = journey.entry.trigger,
            old?.segment(named: segment) != nil,
            let entryKey = journey.entryKey(forSegment: segment, ordinal: 1, isBackfill: true)
        else { return nil }
        if change.kind == .changed, let held = old?.journey(named: change.journey)?.journey,
            case .segment(segment, backfill: true) = held.entry.trigger
        {
            return nil
        }
        self.journey = change.journey
        self.segment = segment
        key = entryKey == "1" ? .ordinal : .fixed(entryKey)
    }

    /// How many it lets in.
    func count(in workspace: WorkspaceID, _ session: PostgresSession) throws -> Int64 {
        try JourneyCensus.unentered(journey, segment: segment, key: key, of: workspace, in: session)
    }

    /// Tells the scheduler of all of them, in the transaction that makes the journey live.
    func open(in workspace: WorkspaceID, clock: DomainClock.Reading, _ session: PostgresSession) throws {
        var last: UniqueID?
        repeat {
            let members = try JourneyCensus.unenteredMembers(
                journey, segment: segment, key: key, of: workspace, after: last, limit: Self.portion, in: session)
            guard let end = members.last else { return }
            let batch = SignalBatch(id: .random(), signals: members.map { signal($0.contact, $0.ordinal, clock.now) })
            let row = Outbox.Row(
                id: batch.id, queue: QueueName.signals.rawValue, lane: Lane.bulk.rawValue, body: batch.encoded)
            try Outbox.add([row], clock: clock.mode, machineNow: MachineClock.host.now, in: session)
            last = end.contact.contact
        } while true
    }

    private func signal(_ contact: ContactKey, _ ordinal: Int32, _ now: Timestamp) -> Signal {
        Signal(
            contact: contact, cause: .entered(segment: segment, ordinal: ordinal, isBackfill: true), at: now,
            eventID: "", subject: contact.contact, name: "Segment Entered")
    }
}
