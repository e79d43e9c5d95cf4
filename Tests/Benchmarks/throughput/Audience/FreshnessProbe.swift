import Contracts
import Model
import Synchronization

/// One event after the other by people who are new and enter a segment with it: how long from the edge's answer until
/// others see the move.
struct FreshnessProbe: Sendable {
    let cluster: AudienceCluster
    /// How long from one event to the next.
    var pace = Duration.milliseconds(40)

    /// Goes on until told.
    func run(_ label: String, until signal: StopSignal) async throws -> [Duration] {
        let people = EventStream(label: label, count: 1_000_000, contacts: 1, kind: .asking)
        let accepted = Mutex<[UniqueID: ContinuousClock.Instant]>([:])
        async let sending: Void = cluster.send(people, every: pace, until: signal) { person, instant in
            accepted.withLock { $0[person] = instant }
        }
        let seen = try await watch(until: signal) {
            accepted.withLock { $0 }
        } forget: { people in
            accepted.withLock { waiting in for person in people { waiting[person] = nil } }
        }
        try await sending
        return seen
    }

    /// Looks every few milliseconds who has entered; when the sending is over, until all have.
    private func watch(
        until signal: StopSignal, waiting: () -> [UniqueID: ContinuousClock.Instant], forget: ([UniqueID]) -> Void
    ) async throws -> [Duration] {
        var delays: [Duration] = []
        try await eventually("the load is over", within: cluster.surroundings.budget, every: .milliseconds(4)) {
            let isLast = signal.isGiven
            let people = waiting()
            if isLast && people.isEmpty { return true }
            let seen = people.isEmpty ? [] : try await cluster.entered("leads", of: Array(people.keys), by: "event")
            let now = ContinuousClock.now
            for person in seen { delays.append(now - people[person]!) }
            forget(Array(seen))
            guard people.values.allSatisfy({ now - $0 < .seconds(60) }) else {
                throw MeasurementFault("an event was not seen within a minute")
            }
            return false
        }
        return delays
    }
}

extension Socket {
    /// Sends a request and waits for its answer, which must be a success; blocks.
    func exchange(_ request: [UInt8]) throws {
        var rest = request[...]
        while !rest.isEmpty { rest = rest.dropFirst(try send(rest) ?? 0) }
        var bytes: [UInt8] = []
        while true {
            guard try receive(into: &bytes) != 0 else {
                throw MeasurementFault("the server closed a connection instead of answering")
            }
            guard let answer = HTTPAnswer(bytes) else { continue }
            guard answer.isSuccess else { throw MeasurementFault("a request was answered \(answer.text)") }
            return
        }
    }
}
