import Model
import Postgres
import Synchronization

/// One order after the other by people who are new: how long from the edge's answer until its mail is at the mail server, as
/// the store has it.
struct TriggeredProbe: Sendable {
    let cluster: AudienceCluster
    var pace = Duration.milliseconds(50)

    func run(_ label: String, count: Int) async throws -> [Duration] {
        let orders = EventStream(label: label, count: count, contacts: 1, kind: .ordering)
        let accepted = Mutex<[UniqueID: ContinuousClock.Instant]>([:])
        async let sending: Void = cluster.send(orders, every: pace) { person, instant in
            accepted.withLock { $0[person] = instant }
        }
        var delays: [Duration] = []
        try await eventually("all orders are mailed", within: cluster.surroundings.budget, every: .milliseconds(5)) {
            let waiting = accepted.withLock { $0 }
            let mailed = waiting.isEmpty ? [] : try await mailed(Array(waiting.keys))
            let now = ContinuousClock.now
            for person in mailed { if let since = waiting[person] { delays.append(now - since) } }
            accepted.withLock { for person in mailed { $0[person] = nil } }
            return delays.count == count
        }
        try await sending
        return delays
    }

    private func mailed(_ people: [UniqueID]) async throws -> Set<UniqueID> {
        let workspace = cluster.workspace
        return try await cluster.pool.withConnection { session in
            Set(
                try session.query(
                    """
                    select contact_id from messages
                    where workspace_id = \(workspace) and contact_id = any(\(people)) and journey = 'first-order'
                        and state = 'accepted'
                    """
                ).map { try $0[0, as: UniqueID.self] })
        }
    }
}
