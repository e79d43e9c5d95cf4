import Foundation
import Laboratory
import Postgres
import Synchronization
import TestSupport
import Testing

/// The release before this one and this one run side by side on one store and one broker, through the migration, in any
/// mixture, and back: every event and every mail is accounted for.
///
/// All services of both take from the same queues, so whatever one of them publishes the other comes to read.
@Suite(.serialized) struct UpgradeTests {
    private static let old = Cluster.allServices.map { "\($0)-old" }
    private static let new = Cluster.allServices.map { "\($0)-new" }

    @Test(
        .enabled(if: Release.before != nil, "the release before is not built: deploy/dev test faults builds it"),
        .timeLimit(.minutes(10)))
    func nothingIsLostOnTheWayThereOrBack() async throws {
        let release = try #require(Release.before)
        try await Release.withStore(of: release) { stage in
            try await Cluster.with(services: Self.old, on: stage, release: release, workspace: Shop.former) { cluster in
                let shoppers = Shoppers(cluster)
                try await shoppers.come(60)
                try await Self.migrate(cluster, shoppers)
                try await Self.startNew(cluster, shoppers)
                try await Self.runSideBySide(cluster, shoppers)
                try await Self.stopOld(cluster, shoppers)
                try await Self.settle(cluster, shoppers, "upgrade")
                try await Self.rollBack(cluster, shoppers, to: release)
                try await Self.settle(cluster, shoppers, "rollback")
            }
        }
    }

    /// The new schema under the old services, while they work; and once more, which changes nothing.
    private static func migrate(_ cluster: Cluster, _ shoppers: Shoppers) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await shoppers.come(60) }
            group.addTask {
                _ = try await cluster.loods("migrate")
                let again = try await cluster.loods("migrate")
                #expect(again.contains("as before"))
            }
            try await group.waitForAll()
        }
    }

    private static func startNew(_ cluster: Cluster, _ shoppers: Shoppers) async throws {
        for service in new {
            // The old ingest has the public port.
            try await cluster.start(service, with: service == "ingest-new" ? ["LOODS_LISTEN": "127.0.0.1:0"] : [:])
        }
        for service in new { try await cluster.process(service).waitUntilReady() }
        let address = try await cluster.process("ingest-new").address(of: .events)
        shoppers.use([cluster.ingest, "http://\(address)"])
    }

    private static let work = [
        "scoring": "loods_events_stored_total", "scheduler": "loods_messages_planned_total",
        "mailer": #"loods_delivery_attempts_total{outcome="accepted"}"#,
    ]

    /// Shoppers come until every process of both releases has had its part of the work.
    private static func runSideBySide(_ cluster: Cluster, _ shoppers: Shoppers) async throws {
        var before: [String: Int] = [:]
        for service in old { before[service] = await done(by: service, cluster) }
        try await eventually("every process takes its part", within: .seconds(60)) {
            try await shoppers.come(20)
            for service in old + new where work.keys.contains(where: service.hasPrefix) {
                guard await done(by: service, cluster) > before[service] ?? 0 else { return false }
            }
            return true
        }
    }

    /// What a process has done; 0 before the first.
    private static func done(by service: String, _ cluster: Cluster) async -> Int {
        guard let name = work.first(where: { service.hasPrefix($0.key) })?.value else { return 0 }
        return (try? await cluster.count(name, on: service)) ?? 0
    }

    private static func stopOld(_ cluster: Cluster, _ shoppers: Shoppers) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await shoppers.come(100) }
            group.addTask {
                for service in old { try await cluster.stop(service) }
                // The links in the mails lead here.
                try await cluster.start("ingest-newer")
            }
            try await group.waitForAll()
        }
        try await cluster.process("ingest-newer").waitUntilReady()
    }

    /// The release before goes on, on the schema as this one has left it.
    private static func rollBack(_ cluster: Cluster, _ shoppers: Shoppers, to release: URL) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await shoppers.come(100) }
            group.addTask {
                for service in old where service != "ingest-old" { try await cluster.start(service, from: release) }
                for service in new + ["ingest-newer"] { try await cluster.stop(service) }
                try await cluster.start("ingest-old", from: release)
            }
            try await group.waitForAll()
        }
        try await shoppers.come(40)
    }

    private static func settle(_ cluster: Cluster, _ shoppers: Shoppers, _ fault: String) async throws {
        let expected = shoppers.expected
        let recovery = try await cluster.drain(expecting: expected, within: .seconds(60))
        let account = try await cluster.account(expecting: expected)
        try FaultReport(
            fault: fault, point: "release before beside this one", workers: 2, account: account, recovery: recovery
        ).record()
        account.expectClean(Comment(rawValue: fault))
        #expect(try await cluster.contacts == expected.mails.count, "\(fault)")
        #expect(try await cluster.count("select count(*) from set_aside") == 0, "\(fault)")
    }
}

/// Customers of the shop who come one after another, each to another edge, and to the next where one is away.
private final class Shoppers: Sendable {
    private struct State {
        var edges: [String]
        var count = 0
        var expected = Expected()
    }

    private let cluster: Cluster
    private let state: Mutex<State>

    init(_ cluster: Cluster) {
        self.cluster = cluster
        state = Mutex(State(edges: [cluster.ingest]))
    }

    var expected: Expected { state.withLock { $0.expected } }

    func use(_ edges: [String]) { state.withLock { $0.edges = edges } }

    func come(_ number: Int) async throws {
        for _ in 0..<(number / 5) {
            let (first, edges) = state.withLock { state in
                defer { state.count += 5 }
                for customer in state.count..<state.count + 5 {
                    state.expected.add(customer: customer, consents: Self.consents(customer))
                }
                return (state.count, state.edges)
            }
            let events = (first..<first + 5).flatMap { Shop.customer($0, consents: Self.consents($0)) }
            try await post(events, to: edges, turn: first / 5)
        }
    }

    private static func consents(_ customer: Int) -> [String] { customer.isMultiple(of: 2) ? ["offers"] : [] }

    private func post(_ events: [[String: Any]], to edges: [String], turn: Int) async throws {
        var turn = turn
        // As a client waits that was refused.
        try await eventually("one of the edges accepts", every: .milliseconds(50)) {
            turn += 1
            return try await cluster.postOnce(events, to: edges[turn % edges.count]) == 200
        }
    }
}
