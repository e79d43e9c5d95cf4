import Contracts
import Model
import Postgres
import ServiceRuntime
import Store

/// Waits until what was published is in the log: a body takes effect as a whole, so its last event stands for it.
struct Arrival: Sendable {
    private var keys: [EventLog.Key] = []

    /// Notes a body. One whose events give no time cannot be looked up and is not waited for.
    mutating func note(_ body: EventBodies.Body) {
        guard let event = body.events.last(where: { $0.sentTime != nil }), let time = event.sentTime else { return }
        keys.append(
            EventLog.Key(event.workspace, subject: event.subjectID, sentTime: time, eventID: event.eventID))
    }

    /// - Throws: `ExitFault` when nothing arrives for a minute.
    func wait(_ pool: PostgresPool) async throws {
        var first = 0
        var lastChange = ContinuousClock.now
        while first < keys.count {
            let part = Array(keys[first..<min(first + 500, keys.count)])
            let present = try await pool.withConnection { try EventLog.presentPrefix(of: part, in: $0) }
            if present > 0 { lastChange = .now }
            first += present
            let left = keys.count - first
            guard ContinuousClock.now < lastChange + .seconds(60) else {
                throw ExitFault(
                    code: .dependencyAway,
                    message: """
                        nothing has arrived in the store for a minute: \(left) of \(keys.count) bodies are \
                        still on their way. Nothing is lost; is scoring running? loods status shows what waits.
                        """)
            }
            if Interruption.hasCome {
                throw ExitFault(
                    code: .failures,
                    message:
                        "interrupted: everything is published, \(left) of \(keys.count) bodies not stored yet"
                )
            }
            if present < part.count { try await Task.sleep(for: .milliseconds(50)) }
        }
    }
}
