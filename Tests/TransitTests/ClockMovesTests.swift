import Laboratory
import Model
import Postgres
import Store
import TestSupport
import Testing

@testable import Transit

@Suite struct ClockMovesTests {
    @Test func aMoveIsSeenOnceAndByAll() async throws {
        let start = Timestamp(seconds: 1_000)
        try await TestStage.with(clock: .stepped(at: start)) { stage in
            let moves = ClockMoves(pool: stage.database.pool)
            let seen = await moves.last()
            try await stage.database.pool.withTransaction { try DomainClock.step(to: start + .hours(1), in: $0) }
            try await eventually("the move is seen") { await moves.last() > seen }
            let moved = await moves.last()
            // Whoever asks next is told the same instant, however often the clock is looked at.
            let later = try await eventually("the clock was looked at again") {
                let asked = ContinuousClock.now
                let last = await moves.last()
                return asked > moved + ClockMoves.echo ? last : nil
            }
            #expect(later == moved)
        }
    }
}
