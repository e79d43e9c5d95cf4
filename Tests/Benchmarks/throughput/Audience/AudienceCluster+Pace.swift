import Contracts
import Glibc
import Model

extension AudienceCluster {
    /// Sends events one after the other over one connection at a rate of their own, whatever the answers take (an open loop).
    ///
    /// - Parameters:
    ///   - signal: ends it before the last.
    ///   - note: whose event was answered, and when.
    func send(
        _ events: EventStream, every pace: Duration, until signal: StopSignal? = nil,
        _ note: @escaping @Sendable (UniqueID, ContinuousClock.Instant) -> Void
    ) async throws {
        let (requests, address) = (requests, surroundings.ingest)
        try await onThread {
            let socket = try Socket.connect(address)
            defer { socket.close() }
            let start = ContinuousClock.now
            for index in 0..<events.count where signal?.isGiven != true {
                usleep(UInt32(max(0, (start + pace * index - .now) / .microseconds(1))))
                try socket.exchange(requests.single(of: events, index))
                note(events.accepted(index, in: WorkspaceID(rawValue: 1)).subjectID, .now)
            }
        }
    }
}
