import Laboratory
import Postgres
import TestSupport
import Testing

/// RabbitMQ goes away for a while: what was accepted stays accepted, what cannot be is answered 503 with the time to come
/// again, and everything else goes on.
@Suite(.serialized) struct RabbitAwayTests {
    enum Way: String, Sendable {
        case graceful = "stopped"
        case killed
        case frozen
        case alarmed = "memory alarm"
    }

    static var outages: [Outage<Way>] {
        switch FaultLevel.current {
        case .quarter: [.init(way: .killed, length: .seconds(7))]
        case .lab:
            [
                .init(way: .graceful, length: .seconds(7)), .init(way: .killed, length: .seconds(7)),
                .init(way: .frozen, length: .seconds(9)), .init(way: .alarmed, length: .seconds(7)),
            ]
        case .all:
            [
                .init(way: .graceful, length: .seconds(50)), .init(way: .killed, length: .seconds(130)),
                .init(way: .frozen, length: .seconds(75)), .init(way: .alarmed, length: .seconds(60)),
            ]
        }
    }

    private static let workers = ["scoring", "scheduler", "mailer"]
    private static let readerCount = 8
    private static let settings = ["ingest": ["LOODS_EVENT_BUFFER_MB": "1"]]

    @Test(.timeLimit(.minutes(10)), arguments: outages)
    func anOutageIsNoFailure(_ outage: Outage<Way>) async throws {
        try await Cluster.withOwnServers(postgres: false, settings: Self.settings, workspace: Shop.reminding) {
            cluster, servers in
            let broker = try #require(servers.broker)
            var expected = Expected()
            let readers = try await cluster.readers(0..<Self.readerCount, &expected)
            let leaving = readers.prefix(Self.readerCount / 2)
            let staying = readers.dropFirst(leaving.count)
            for reader in staying { expected.add("reminder", to: reader.customer) }

            let traffic = try await Traffic.flowing(through: cluster, readers: readers) { traffic in
                try await eventually("orders flow") { await traffic.orders > 8 }
                // Their timers fall into the outage.
                try await cluster.post(staying.map { Shop.cart(of: $0.customer) })
                try await eventually("the timers are set") {
                    try await cluster.count("select count(*) from runs where journey = 'reminder'") == staying.count
                }
                try await lasting(outage.length) {
                    try await Self.begin(outage.way, broker)
                    try await Self.everybodySaysWhatTheyWaitFor(cluster, outage.way)
                    for reader in leaving {
                        let answer = try await cluster.unsubscribe(
                            reader.unsubscribe, address: reader.address, topic: "offers")
                        #expect(answer == "applied", "the store is there")
                    }
                    try await Self.fill(cluster)
                    try await eventually("orders are answered 503") { await traffic.statuses[503] ?? 0 > 0 }
                    try await eventually("timers fire into the outbox") {
                        let fired = "select count(*) from messages where template = 'reminder'" as Query
                        let rows = "select count(*) from outbox where queue = 'messages'" as Query
                        guard try await cluster.count(fired) == staying.count else { return false }
                        return try await cluster.count(rows) > 0
                    }
                }
                try await Self.end(outage.way, broker)
            }
            try await cluster.post(leaving.map { Shop.cart(of: $0.customer) })
            for number in Self.pages { try await cluster.post(Self.page(number)) }
            expected.add(await traffic.expected)
            let recovery = try await cluster.drain(carts: readers.count, expecting: expected)
            let account = try await cluster.account(expecting: expected)
            try FaultReport(
                fault: "RabbitMQ \(outage)",
                point: await traffic.summary,
                workers: 1, account: account, recovery: recovery
            ).record()
            account.expectClean("an outage of the broker")

            #expect(await traffic.badReads == [], "clicks and opens go on")
            #expect(await traffic.unguided == 0, "who is to come again is told when")
            #expect(Set(await traffic.statuses.keys).isSubset(of: [200, 503]))
            #expect(try await cluster.timesLogged("events cannot be published", by: "ingest") <= 2)
            try await cluster.wait(until: Self.workers + ["ingest"], areReady: true, saying: "ready", of: "rabbitmq")
        }
    }

    private static let pages = 0..<8

    /// A batch of some 400 KB.
    private static func page(_ batch: Int) -> [[String: Any]] {
        (0..<14).map { number in
            [
                "type": "page", "userId": "user-1", "messageId": "page-\(batch)-\(number)",
                "timestamp": "2026-03-02T12:00:00.000Z",
                "properties": ["text": String(repeating: "x", count: 28_000)],
            ]
        }
    }

    /// More than ingest may hold: those for whom there is no room are told so at once.
    private static func fill(_ cluster: Cluster) async throws {
        let answers = try await withThrowingTaskGroup(of: Cluster.EdgeAnswer?.self) { group in
            for number in pages { group.addTask { try await cluster.answer(to: page(number)) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let full = answers.compactMap(\.self).filter { $0.body.contains("too many events wait") }
        #expect(!full.isEmpty, "\(answers)")
        #expect(answers.allSatisfy { $0?.status == 503 && $0?.retryAfter != nil }, "\(answers)")
    }

    private static func begin(_ way: Way, _ broker: OwnBroker) async throws {
        switch way {
        case .graceful: try await broker.stop(.graceful)
        case .killed: try await broker.stop(.killed)
        case .frozen: broker.freeze()
        case .alarmed: try await broker.setAlarm(true)
        }
    }

    private static func end(_ way: Way, _ broker: OwnBroker) async throws {
        switch way {
        case .graceful, .killed: try await broker.start()
        case .frozen: broker.thaw()
        case .alarmed: try await broker.setAlarm(false)
        }
    }

    private static func everybodySaysWhatTheyWaitFor(_ cluster: Cluster, _ way: Way) async throws {
        switch way {
        case .graceful, .killed:
            try await cluster.wait(until: workers, areReady: false, saying: "RabbitMQ is away for", of: "rabbitmq")
            try await cluster.wait(until: ["ingest"], areReady: true, saying: "RabbitMQ is away for", of: "rabbitmq")
        // The broker tells it only to those who publish.
        case .alarmed:
            try await cluster.wait(until: ["ingest"], areReady: true, saying: "an alarm on its memory", of: "rabbitmq")
        // Nothing tells a broker that stands still from one that has nothing to say, until heartbeats fail.
        case .frozen: break
        }
    }
}
