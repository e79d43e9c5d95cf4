import Contracts
import Laboratory
import Messaging
import Model
import Postgres
import TestSupport
import Testing

/// A newer release writes what this one cannot read yet: it is kept, in nobody's way, until somebody can.
@Suite(.serialized) struct UnknownContractTests {
    @Test(.timeLimit(.minutes(10)))
    func aBodyOfAnUnknownVersionIsSetAsideAndTakesEffectAfterTheUpgrade() async throws {
        try await Cluster.with(workspace: Shop.files) { cluster in
            try await cluster.post(Shop.customer(0, consents: ["offers"]))
            try await eventually("both mails are out", within: .seconds(30)) {
                try await cluster.count("select count(*) from messages where state = 'accepted'") == 2
            }
            let bodies = try await Self.bodies(cluster)
            for (queue, body) in bodies { try await cluster.stage.broker.publish([body], to: queue) }
            try await Self.areSetAside(bodies.count, cluster)

            // Others are not held up.
            try await cluster.post(Shop.customer(1, consents: []))
            try await eventually("somebody else is served", within: .seconds(30)) {
                try await cluster.count("select count(*) from messages where state = 'accepted'") == 3
            }

            // Replayed too early they are set aside again.
            _ = try await cluster.loods("set-aside", "replay", "--all")
            try await Self.areSetAside(bodies.count, cluster)

            // The next release knows them; here they are given the version that this one knows.
            try await cluster.stage.database.pool.withTransaction { session in
                _ = try session.execute("update set_aside set body = set_byte(set_byte(body, 2, 1), 3, 0)")
            }
            _ = try await cluster.loods("set-aside", "replay", "--all")
            try await Self.haveTakenEffect(cluster)
            #expect(try await cluster.count("select count(*) from set_aside where replayed_at is null") == 0)
        }
    }

    /// One body of each contract, as a release that writes version 99 would publish it.
    private static func bodies(_ cluster: Cluster) async throws -> [(QueueName, [UInt8])] {
        let (contact, message) = try await cluster.stage.database.pool.withConnection { session in
            let row = try session.query(
                "select workspace_id, contact_id, message_id from messages where topic is not null")[0]
            let (workspace, contact, message) = try row.decode((Int32.self, UniqueID.self, UniqueID.self))
            return (ContactKey(workspace: WorkspaceID(rawValue: workspace), contact: contact), message)
        }
        let at = Timestamp(iso8601: "2026-03-02T11:00:00Z")!
        let event = AcceptedEvent(
            workspace: contact.workspace, eventID: "from the future", call: .track, subject: .id(contact.contact),
            name: "Page Viewed", sentTime: at, at: at, receivedAt: at, trust: .server)
        let signal = Signal(
            contact: contact, cause: .event, at: at, eventID: event.eventID, subject: contact.contact, name: event.name)
        return [
            (.events, EventBatch(id: .derived("test", "events"), events: [event]).encoded),
            (.signals, SignalBatch(id: .derived("test", "signals"), signals: [signal]).encoded),
            (.messages, MessageHints(hints: [MessageHints.Hint(contact: contact, message: message)]).encoded),
            (
                .withdrawals,
                RecordedWithdrawal(
                    contact: contact, message: message, topic: "offers", answeredAt: at, means: "page"
                ).encoded
            ),
            (.withdrawals, WithdrawalBarrier(id: barrier).encoded),
        ].map { queue, body in (queue, Array(body[..<2]) + [99, 0] + Array(body[4...])) }
    }

    private static let barrier = UniqueID.derived("test", "barrier")

    private static func areSetAside(_ count: Int, _ cluster: Cluster) async throws {
        try await eventually("all are set aside", within: .seconds(30)) {
            try await cluster.count(
                "select count(*) from set_aside where replayed_at is null and reason like '%version 99%'") == count
        }
    }

    private static func haveTakenEffect(_ cluster: Cluster) async throws {
        try await eventually("the event is a fact", within: .seconds(30)) {
            try await cluster.count("select count(*) from event_log where event_id = 'from the future'") == 1
        }
        try await eventually("the withdrawal is in the ledger", within: .seconds(30)) {
            try await cluster.count("select count(*) from consents where state = 'withdrawn'") == 1
        }
        try await eventually("the barrier has passed", within: .seconds(30)) {
            try await cluster.count("select count(*) from barriers where barrier_id = \(barrier)") == 1
        }
        try await eventually("nothing waits", within: .seconds(30)) {
            try await Topology.depths(cluster.stage.broker.configuration).allSatisfy { $0.ready == 0 }
        }
    }
}
