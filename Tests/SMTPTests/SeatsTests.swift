@testable import SMTP
import Synchronization
import Testing

/// Who gets the next connection.
@Suite struct SeatsTests {
    private final class Log: Sendable {
        let names = Mutex<[String]>([])
    }

    @Test func whatGoesFirstOvertakesWhatWaits() async throws {
        let seats = Seats(limit: 1)
        _ = try await seats.take()
        let seated = Log()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (count, name) in ["bulk", "more bulk", "live", "more live"].enumerated() {
                group.addTask {
                    _ = try await seats.take(goesFirst: name.hasSuffix("live"))
                    seated.names.withLock { $0.append(name) }
                    seats.freeUnopened()
                }
                while seats.waitingCount <= count { await Task.yield() }
            }
            seats.freeUnopened()
            try await group.waitForAll()
        }
        #expect(seated.names.withLock { $0 } == ["live", "more live", "bulk", "more bulk"])
    }
}
