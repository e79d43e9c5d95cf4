import Contracts
import Model
import Postgres
import Store
import Synchronization
import TestSupport
import Testing

/// Promise 5: from the moment a withdrawal has been applied, no hand-over of its topic begins.
@Suite struct WithdrawalRaceTests {
    /// How one trial went.
    private struct Trial: Sendable {
        var handed = false
        /// The hand-over was begun after the withdrawal had been answered.
        var handedAfterAnswer = false
        var withdrawn = 0
        /// What the withdrawal, once applied, saw at its final dot.
        var remaining = 0
        var state = ""
        var isRung = false
    }

    /// A mailer claims and hands on one connection while a withdrawal is applied on another.
    ///
    /// - Parameter head: how many scheduling turns the mailer is ahead of the withdrawal; negative where it is behind.
    private func race(_ name: String, head: Int, in pool: PostgresPool) async throws -> Trial {
        let (anne, topic) = (contact(name), "newsletter")
        let letter = message(name, to: anne)
        let earlier = message("earlier \(name)", to: anne)
        try await pool.withTransaction { session in
            try session.make([anne])
            try Consents.append([consent(.given, of: anne, at: noon - .days(1))], now: noon, in: session)
            // The mail whose link is used: it went out before.
            try Messages.plan([earlier], machineNow: noon, in: session)
            let claimed = try session.claim(anne, under: id("claim earlier \(name)"))
            #expect(try Claims.hand(claimed, now: noon, in: session) == [earlier.id])
            _ = try Claims.settle(claimed.map { ($0, .accepted, nil) }, now: noon, in: session)
            try session.execute("delete from timers where run_id = \(earlier.run)")
            try Messages.plan([letter], machineNow: noon, in: session)
        }
        let answer = Answer()
        async let mailing: (Bool, Bool) = {
            for _ in 0..<max(0, -head) { await Task.yield() }
            let claimed = try await pool.withTransaction { try $0.claim(anne, under: id("claim \(name)")) }
            let isAnswered = answer.isGiven
            let handed = try await pool.withTransaction { try Claims.hand(claimed, now: noon, in: $0) }
            return (!handed.isEmpty, isAnswered)
        }()
        async let withdrawing: (Int, Int) = {
            for _ in 0..<max(0, head) { await Task.yield() }
            let withdrawal = RecordedWithdrawal(
                contact: anne, message: earlier.id, topic: topic, answeredAt: noon, means: "one-click")
            let applied = try await pool.withTransaction { try Withdrawals.apply(withdrawal, now: noon, in: $0) }
            answer.give()
            let remaining = try await pool.withConnection { session in
                try Withdrawals.handedRemaining(anne, topic: topic, in: session)
            }
            return (applied.withdrawn, remaining)
        }()
        let ((handed, isAnswered), (withdrawn, remaining)) = try await (mailing, withdrawing)
        return try await pool.withConnection { session in
            Trial(
                handed: handed, handedAfterAnswer: handed && isAnswered, withdrawn: withdrawn, remaining: remaining,
                state: try session.state(of: letter), isRung: try session.isRung(letter.run))
        }
    }

    @Test(.timeLimit(.minutes(10))) func nothingIsHandedOnceAWithdrawalIsAnswered() async throws {
        try await TestDatabase.with { database in
            let pool = database.pool
            let trials = try await withThrowingTaskGroup(of: [Trial].self) { group in
                // Four at a time, so that eight connections are busy.
                for lane in 0..<4 {
                    group.addTask {
                        var trials: [Trial] = []
                        for number in 0..<75 {
                            trials.append(
                                try await race("c\(lane)-\(number)", head: number % 7 - 3, in: pool))
                        }
                        return trials
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(trials.count == 300)
            for trial in trials {
                #expect(!trial.handedAfterAnswer)
                // Exactly one of the two came first, and the other saw it.
                #expect(trial.handed == (trial.withdrawn == 0), "\(trial)")
                #expect(trial.state == (trial.handed ? "handed" : "withdrawn"), "\(trial)")
                #expect(trial.remaining == (trial.handed ? 1 : 0), "the answer must wait for it: \(trial)")
                #expect(trial.isRung != trial.handed, "a hand-over is heard of when it is answered: \(trial)")
            }
        }
    }

    @Test func theHandOverThatComesSecondWaitsAndFails() async throws {
        try await TestDatabase.with { database in
            let anne = contact("anne")
            let letter = message("1", to: anne)
            let claimed = try await database.pool.withTransaction { session in
                try session.make([anne])
                try Consents.append([consent(.given, of: anne)], now: noon, in: session)
                try Messages.plan([letter], machineNow: noon, in: session)
                return try session.claim(anne, under: id("claim"))
            }
            #expect(claimed.count == 1)
            // The withdrawal holds its transaction open; the hand-over can only wait for it.
            let handing = try await whileOpen(on: database.pool) { session in
                try Withdrawals.withdraw(
                    [consent(.withdrawn, of: anne, at: noon + .seconds(1))], now: noon, in: session)
            } _: {
                // Awaited below, after the withdrawal has committed.
                let handing = Task {
                    try await database.pool.withTransaction { try Claims.hand(claimed, now: noon, in: $0) }
                }
                try await eventually("the hand-over waits for the lock") {
                    try await database.pool.withConnection { session in
                        try session.value(
                            """
                            select exists (
                                select from pg_stat_activity
                                where datname = current_database() and wait_event_type = 'Lock')
                            """)
                    }
                }
                return handing
            }
            #expect(try await handing.value == [])
        }
    }
}

/// Whether the person who withdrew has been told that it is done.
private final class Answer: Sendable {
    private let state = Mutex(false)

    var isGiven: Bool { state.withLock { $0 } }

    func give() { state.withLock { $0 = true } }
}
