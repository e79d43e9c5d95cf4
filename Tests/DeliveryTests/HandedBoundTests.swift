@testable import Delivery
import Foundation
import Postgres
import SMTP
import TestSupport
import Testing

/// What a mailer's death leaves unknown is bounded by its connections, however slow the store.
@Suite struct HandedBoundTests {
    @Test(.timeLimit(.minutes(10))) func noMoreAreHandedThanAreSoonTold() async throws {
        try await Bench.with { bench in
            let users = (0..<8).map { "user\($0)" }
            try await bench.know(users)
            try await bench.plan("receipt", to: users)
            let mailer = try await bench.mailer(connections: 1)
            let batch = try await mailer.claim(users.map(bench.contact))
            let release = DispatchSemaphore(value: 0)
            defer { release.signal() }
            // Outcomes cannot be recorded; the fence can be passed.
            let (isHeld, hold) = AsyncStream.makeStream(of: Void.self)
            async let held: Void = bench.database.pool.withTransaction { session in
                try session.execute("lock table outbox in share mode")
                hold.finish()
                while release.wait(timeout: .now() + 1) == .timedOut { try session.execute("select 1") }
            }
            for await _ in isHeld {}
            async let sent: Void = mailer.room.send(batch)
            try await eventually("the third, all but its final dot, waits") {
                await mailer.room.handed.waitingCount == 1
            }
            #expect(bench.sink.mails.count == 2)
            #expect(try await bench.texts("select count(*)::text from messages where state = 'handed'") == ["2"])
            release.signal()
            try await held
            await sent
            await mailer.relay.shutdown()
            #expect(bench.sink.mails.count == 8)
            #expect(try await bench.messages() == Array(repeating: "receipt accepted", count: 8))
        }
    }
}
