import Contracts
import Foundation
import Laboratory
import Links
import Messaging
import Model
import Postgres
import Store
import TestSupport
import Testing
import Transit

@testable import Ingestion

/// Somebody who withdraws is answered soon, whatever the store does.
@Suite struct WithdrawalDeskTests {
    private static let anne = ContactKey(
        workspace: WorkspaceID(rawValue: 1), contact: Identity(.user, "anne").subjectID(in: WorkspaceID(rawValue: 1)))

    /// A message that went to Anne, in the state given.
    private static func send(_ name: String, state: String, _ stage: TestStage) async throws -> UniqueID {
        let message = Message(
            contact: anne, id: .derived("test", name), run: .derived("run", name), journey: "welcome", step: name,
            visit: 1, revision: 1, template: "offer", topic: "offers", plannedAt: receipt)
        try await stage.database.pool.withTransaction { session in
            try Identities.ensure([], subjects: [anne: Identity(.user, "anne")], now: receipt, in: session)
            try Messages.plan([message], machineNow: receipt, in: session)
            try session.execute(
                """
                update messages set state = \(state), look_at = null, address = 'anne@example.com'
                where message_id = \(message.id)
                """)
        }
        return message.id
    }

    private static func withDesk(
        _ stage: TestStage, patience: Duration = .seconds(60), _ body: (WithdrawalDesk) async throws -> Void
    ) async throws {
        let worker = try stage.worker("ingest", sweeps: false)
        var desk = WithdrawalDesk(
            pool: worker.pool, publisher: worker.publisher, relay: worker.relay, mode: .real, clock: .host,
            logger: silent)
        desk.patience = patience
        try await body(desk)
        await stage.close(worker)
    }

    @Test func itIsAppliedAndAppliedAgain() async throws {
        try await TestStage.with { stage in
            let message = try await Self.send("1", state: "accepted", stage)
            let origin = LinkOrigin(contact: Self.anne, message: message)
            try await Self.withDesk(stage) { desk in
                for _ in 0..<2 {
                    let outcome = try await desk.withdraw(origin, topic: "offers", means: "page")
                    #expect(outcome == .applied)
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(10))) func whileALockIsHeldItIsRecordedWithinSeconds() async throws {
        try await TestStage.with { stage in
            let message = try await Self.send("1", state: "accepted", stage)
            let origin = LinkOrigin(contact: Self.anne, message: message)
            let (locked, isLocked) = AsyncStream.makeStream(of: Void.self)
            try await Self.withDesk(stage, patience: .seconds(3)) { desk in
                let answered = DispatchSemaphore(value: 0)
                let holder = try stage.database.pool(connections: 1)
                // Awaited below, once the lock may go.
                let holding = Task {
                    try await holder.withTransaction { session in
                        _ = try SendStates.lock([Self.anne], in: session)
                        isLocked.finish()
                        // Blocks the connection's own thread, no other.
                        answered.wait()
                    }
                }
                for await _ in locked {}
                let attempts = try await Self.attempts(below: .seconds(6)) {
                    let outcome = try await desk.withdraw(origin, topic: "offers", means: "page")
                    #expect(outcome == .recorded)
                }
                answered.signal()
                // Nobody but its single active consumer may look into the queue.
                #expect(try await stage.broker.ready(in: .withdrawals) == attempts)
                try await holding.value
            }
        }
    }

    @Test(.timeLimit(.minutes(10))) func theAnswerWaitsForTheFinalDotButNotForEver() async throws {
        try await TestStage.with { stage in
            let message = try await Self.send("1", state: "accepted", stage)
            _ = try await Self.send("2", state: "handed", stage)
            try await Self.withDesk(stage) { desk in
                try await Self.attempts(below: .seconds(5)) {
                    let start = ContinuousClock.now
                    let outcome = try await desk.withdraw(
                        LinkOrigin(contact: Self.anne, message: message), topic: "offers", means: "page")
                    #expect(outcome == .applied)
                    #expect(ContinuousClock.now - start >= .seconds(2))
                }
            }
        }
    }

    /// Does it until it takes less than `bound`, which a machine that stands still may exceed, but not time after time.
    ///
    /// - Returns: how often it was done.
    @discardableResult
    private static func attempts(below bound: Duration, _ body: () async throws -> Void) async throws -> Int {
        var attempts = 0
        while true {
            let start = ContinuousClock.now
            try await body()
            attempts += 1
            if ContinuousClock.now - start < bound { return attempts }
            try #require(attempts < 5, "not below \(bound) in five attempts")
        }
    }
}
