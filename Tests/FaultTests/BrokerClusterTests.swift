import Laboratory
import Postgres
import Synchronization
import TestSupport
import Testing

/// Three nodes of RabbitMQ on machines of their own, as far as the network goes, under the whole of Loods and a steady
/// load: the node that leads the queue of events dies, is cut off from the others, and all are restarted in turn.
///
/// Nothing that was accepted is lost, nothing comes twice, and the row of the table tells how long no event was accepted.
@Suite(
    .serialized, .enabled(if: FaultLevel.current >= .lab, "a part of deploy/dev test faults"),
    .enabled(if: BrokerCluster.obstacle == nil, "network namespaces need root, ip(8) and iptables(8)"))
struct BrokerClusterTests {
    private static let events = "loods.events.live"

    @Test(.timeLimit(.minutes(10)))
    func nothingIsLostWhateverBecomesOfANode() async throws {
        try await BrokerCluster.with { nodes in
            try await TestDatabase.with { database in
                let stage = TestStage(database: database, broker: try await .at(nodes.url), clock: .real)
                try await Cluster.with(services: Cluster.workers(2), on: stage, workspace: Shop.files) { cluster in
                    // A leader whose queue has not reached the others yet could take its events with it.
                    try await nodes.waitUntilWhole()
                    let load = Load(cluster, nodes)
                    try await Self.killOfTheLeader(nodes, load)
                    try await Self.isolationOfTheLeader(nodes, load)
                    if FaultLevel.current >= .all { try await Self.rollingRestart(nodes, load) }
                }
            }
        }
    }

    private static func killOfTheLeader(_ nodes: BrokerCluster, _ load: Load) async throws {
        let leader = try await nodes.leader(of: events)
        try await load.attack("kill", "the leader of three brokers") {
            try await nodes.stop(leader, .killed)
            try await load.moves()
            try await nodes.start(leader)
            try await nodes.waitUntilWhole()
        }
    }

    private static func isolationOfTheLeader(_ nodes: BrokerCluster, _ load: Load) async throws {
        let leader = try await nodes.leader(of: events)
        let other = leader % 3 + 1
        try await load.attack("isolation", "the leader of three brokers") {
            try await nodes.isolate(leader)
            // The others have given it up and chosen another.
            try await eventually("another leads", within: .seconds(90)) {
                (try? await nodes.leader(of: events, askedOf: other)) ?? leader != leader
            }
            try await load.moves()
            try await nodes.heal(leader)
            try await nodes.waitUntilWhole(askedOf: other)
        }
    }

    private static func rollingRestart(_ nodes: BrokerCluster, _ load: Load) async throws {
        try await load.attack("rolling restart", "three brokers, one after the other") {
            for node in BrokerCluster.nodes {
                try await nodes.stop(node, .graceful)
                try await load.moves()
                try await nodes.start(node)
                try await nodes.waitUntilWhole()
            }
        }
    }
}

/// Customers who come one after the other, by two clients that send each batch until it is accepted.
private final class Load: Sendable {
    private struct State {
        var customers = 0
        var expected = Expected()
        /// When an event was last accepted, and the longest time since then that none was.
        var last = ContinuousClock.now
        var longestGap = Duration.zero
        var isOver = false
    }

    /// The customers of one batch: two batches in a tenth of a second are what workers of a debug build keep up with.
    private static let atOnce = 3

    private let cluster: Cluster
    private let nodes: BrokerCluster
    private let state = Mutex(State())

    init(_ cluster: Cluster, _ nodes: BrokerCluster) {
        self.cluster = cluster
        self.nodes = nodes
    }

    /// Runs `fault` under load, waits for rest, settles the account, and adds the row.
    func attack(_ name: String, _ point: String, _ fault: @escaping @Sendable () async throws -> Void) async throws {
        state.withLock { state in
            (state.longestGap, state.last, state.isOver) = (.zero, .now, false)
        }
        async let first: Void = flow()
        async let second: Void = flow()
        do {
            try await moves()
            try await fault()
            try await moves()
            state.withLock { $0.isOver = true }
        } catch {
            state.withLock { $0.isOver = true }
            let ingest = (try? await cluster.process("ingest").output.suffix(3000)) ?? ""
            Issue.record("\(name): \(await nodes.told())\n\(String(ingest))")
            throw error
        }
        _ = try await (first, second)
        let (expected, gap) = state.withLock { ($0.expected, $0.longestGap) }
        let recovery = try await cluster.drain(expecting: expected, within: .seconds(120))
        let account = try await cluster.account(expecting: expected)
        let seconds = (gap / .milliseconds(100)).rounded() / 10
        try FaultReport(
            fault: name, point: "\(point); \(seconds) s without a confirm", workers: 2, account: account,
            recovery: recovery
        ).record()
        account.expectClean(Comment(rawValue: name))
        #expect(gap < .seconds(45), "\(name): events are accepted again")
    }

    /// Returns once events that were sent after the call are accepted.
    func moves() async throws {
        let begun = state.withLock { $0.customers }
        try await eventually("events are accepted", within: .seconds(90)) {
            state.withLock { $0.customers >= begun + 10 * Self.atOnce }
        }
    }

    private func flow() async throws {
        // A steady load, not a measure of throughput.
        var pace = Pace(every: .milliseconds(100))
        while !state.withLock({ $0.isOver }) {
            try await post()
            try await pace.next()
        }
    }

    private func post() async throws {
        let first = state.withLock { state in
            state.customers += Self.atOnce
            return state.customers - Self.atOnce
        }
        let numbers = first..<first + Self.atOnce
        try await cluster.post(numbers.flatMap { Shop.customer($0, consents: ["offers"]) }, within: .seconds(120))
        state.withLock { state in
            for number in numbers { state.expected.add(customer: number, consents: ["offers"]) }
            state.longestGap = max(state.longestGap, .now - state.last)
            state.last = .now
        }
    }
}
