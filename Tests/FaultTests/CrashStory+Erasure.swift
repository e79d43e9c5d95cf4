import CrashPoints
import Foundation
import Laboratory
import Model
import Postgres
import TestSupport
import Testing

extension CrashStory {
    /// Somebody is erased while their mails are under way, and whoever erases dies; given again it ends. Then nothing is left
    /// of them, and they come back as somebody new.
    mutating func erase(at round: CrashRound) async throws {
        erased += 1
        let number = 90_000 + erased
        let (cluster, address) = (cluster, Shop.address(number))
        let events = Shop.customer(number, consents: ["offers"])
        expected.erased.insert(address)
        try await cluster.post(events)
        try await eventually("somebody new is known", within: .seconds(30), every: .milliseconds(10)) {
            try await cluster.count("select count(*) from contacts where attributes ->> 'email' = \(address)") > 0
        }
        cluster.journal.releases(events.compactMap { $0["messageId"] as? String })
        let dying = try cluster.launch(
            "erase", "user-\(number)", "--yes", with: ["LOODS_CRASH_POINT": round.point.name])
        try await sell()
        #expect(try await dying.waitForExit(within: .seconds(30)) == .signal(SIGKILL), "\(dying.output)")
        let death = ContinuousClock.now
        let next = try cluster.launch("erase", "user-\(number)", "--yes")
        #expect(try await next.waitForExit(within: .seconds(30)) == .status(0), "\(next.output)")
        try await settle(round, since: death)
        let traces = try await cluster.traces(of: number)
        #expect(traces == [], "\(round.name)")

        try await cluster.post(Shop.returning(number))
        expected.mails[address] = Shop.mails(consents: [])
        try await cluster.drain(expecting: expected)
        let account = try await cluster.account(expecting: expected)
        account.expectClean(unknown: unknown, "\(round.name), and they come back")
    }
}

extension Cluster {
    /// The tables in which a customer's names or ids still stand, as text or within bytes.
    fileprivate func traces(of number: Int) async throws -> [String] {
        let names = ["user-\(number)", Shop.address(number)]
        let ids = [Identity(.user, names[0]), Identity(.email, names[1])].map {
            $0.subjectID(in: WorkspaceID(rawValue: 1)).description
        }
        let bytes =
            names.map { $0.utf8.map { String($0, radix: 16) }.joined() } + ids.map { $0.replacing("-", with: "") }
        let tables = try await texts(
            """
            select c.relname::text from pg_class c where c.relnamespace = 'public'::regnamespace
                and c.relkind in ('r', 'p') and not c.relispartition
            """)
        var traces: [String] = []
        for table in tables {
            for row in try await texts("select t::text from \(identifier: table) t") {
                traces += (names + ids + bytes).filter(row.contains).map { "\(table): \($0)" }
            }
        }
        return traces
    }
}
