import Foundation
import Postgres
import TestSupport
import Testing

/// The reply to a COMMIT is lost: the outcome is unknown, and the natural key decides.
@Suite(.timeLimit(.minutes(10))) struct LostReplyTests {
    /// What a caller does: the same again until it is known to be done.
    private func insert(
        _ number: Int, _ pool: PostgresPool, _ table: String, before commit: @escaping @Sendable (Int) -> Void
    ) async throws -> (errors: [PostgresError], inserted: Int) {
        var errors: [PostgresError] = []
        let inserted = try await eventually("it is known to be done", every: .milliseconds(20)) { () -> Int? in
            do {
                let attempt = errors.count
                return try await pool.withTransaction { session in
                    let count = try session.execute(
                        "insert into \(identifier: table) values (\(number)) on conflict do nothing")
                    commit(attempt)
                    return count
                }
            } catch let error as PostgresError where error.isTransient {
                errors.append(error)
                return nil
            }
        }
        return (errors, inserted)
    }

    /// The transaction is committed, and the proxy cuts the connection in place of the reply.
    @Test func aCommitThatWentThroughIsFoundByItsKey() async throws {
        let door = try Door(to: Server.url())
        try door.open()
        try await Server.withPool(Server.pool(url: door.url, size: 1)) { pool in
            try await Server.withTable(pool, columns: "n int8 primary key") { table in
                for number in 0..<20 {
                    let (errors, inserted) = try await insert(number, pool, table) { attempt in
                        if attempt == 0 { door.swallowReplies() }
                        // The next attempt gets through.
                    }
                    #expect(errors.first?.isUnknownOutcome == true && errors.first?.isConnectionLost == true)
                    #expect(errors.first?.description.contains("outcome unknown") == true)
                    #expect(errors.dropFirst().allSatisfy { !$0.isUnknownOutcome })
                    // Nothing was left to do: it had been committed.
                    #expect(inserted == 0)
                }
                let count = try await pool.withConnection { session in
                    try session.query("select count(*) from \(identifier: table)")[0].decode(Int.self)
                }
                #expect(count == 20)
            }
        }
        door.shut()
    }

    /// The server dies at any moment, the commit's included: each number is there once in the end, and what was reported
    /// as done is there.
    @Test(arguments: [OwnPostgres.Stop.immediate, .killed])
    func aServerThatDiesAtAnyMoment(stop: OwnPostgres.Stop) async throws {
        try await OwnPostgres.with { server in
            try await server.run("create table numbers (n int8 primary key)")
            try await Server.withPool(Server.pool(url: server.url, size: 2)) { pool in
                try await withThrowingTaskGroup(of: Int.self) { group in
                    let done = AsyncStream.makeStream(of: Void.self)
                    for worker in 0..<2 {
                        group.addTask {
                            var count = 0
                            for number in 0..<400 {
                                let result = try await insert(worker * 400 + number, pool, "numbers") { _ in }
                                #expect(result.inserted == 1 || result.errors.contains { $0.isUnknownOutcome })
                                count += result.errors.count
                                if number % 100 == 50 { done.continuation.yield() }
                            }
                            return count
                        }
                    }
                    group.addTask {
                        var iterator = done.stream.makeAsyncIterator()
                        for _ in 0..<3 {
                            await iterator.next()
                            try await server.stop(stop)
                            try await server.start()
                        }
                        return 0
                    }
                    let errors = try await group.reduce(0, +)
                    #expect(errors > 0)
                }
                let count = try await pool.withConnection { session in
                    try session.query("select count(*) from numbers")[0].decode(Int.self)
                }
                #expect(count == 800)
            }
        }
    }
}
