import Laboratory
import TestSupport
import Testing

/// Both servers are away, services are started into that, and the database comes back as one that only reads at first.
@Suite struct BothAwayTests {
    private static let workers = ["scoring", "scheduler", "mailer"]

    @Test(.timeLimit(.minutes(10)), .enabled(if: FaultLevel.current >= .lab, "deploy/dev test faults runs it"))
    func whoStartsWithoutServersWaitsForThem() async throws {
        try await Cluster.withOwnServers(workspace: Shop.reminding) { cluster, servers in
            let (postgres, broker) = (try #require(servers.postgres), try #require(servers.broker))
            var expected = Expected()
            let readers = try await cluster.readers(0..<2, &expected)
            let traffic = try await Traffic.flowing(through: cluster, readers: readers) { traffic in
                try await eventually("orders flow") { await traffic.orders > 8 }
                async let store: Void = postgres.stop(.immediate)
                async let queues: Void = broker.stop(.killed)
                _ = try await (store, queues)
                let refused = try await cluster.open(
                    readers[0].unsubscribe, method: "POST", body: "List-Unsubscribe=One-Click")
                #expect(refused.0 == 503, "neither applied nor recorded, and nobody is told that it was")
                #expect(try await cluster.open(readers[0].click).0 == 302)
                #expect(try await cluster.open(readers[0].pixel).0 == 200)
                try await Self.startAnew(cluster)
                try await Self.bringBack(cluster, postgres, broker)
                for reader in readers {
                    try await eventually("withdrawals are applied again", within: .seconds(30)) {
                        try await cluster.unsubscribe(
                            reader.unsubscribe, address: reader.address, topic: "offers") == "applied"
                    }
                }
            }
            try await cluster.post(readers.map { Shop.cart(of: $0.customer) })
            expected.add(await traffic.expected)
            let recovery = try await cluster.drain(carts: readers.count, expecting: expected)
            let account = try await cluster.account(expecting: expected)
            try FaultReport(
                fault: "both servers away", point: "services started meanwhile", workers: 1, account: account,
                recovery: recovery
            ).record()
            // Twice as many as it had connections.
            account.expectClean(unknown: 8, "the mailer was killed with outcomes that no store could take")
        }
    }

    /// SIGKILL to the workers, and others in their places: they say what they wait for, and stay. Ingest lives on.
    private static func startAnew(_ cluster: Cluster) async throws {
        for worker in workers { try await cluster.killAndRestart(worker) }
        try await cluster.wait(until: workers, areReady: false, saying: "PostgreSQL is away for", of: "postgresql")
        try await cluster.wait(until: workers, areReady: false, saying: "RabbitMQ is away for", of: "rabbitmq")
        try await cluster.start("ingest-2", with: ["LOODS_LISTEN": "127.0.0.1:0"])
        try await cluster.wait(until: ["ingest-2"], areReady: false, saying: "RabbitMQ is away for", of: "rabbitmq")
        for worker in workers + ["ingest-2"] {
            #expect(try await cluster.process(worker).exit == nil, "\(worker) stays")
            #expect(try await cluster.timesLogged("PostgreSQL is away", by: worker) == 1)
        }
    }

    private static func bringBack(_ cluster: Cluster, _ postgres: OwnPostgres, _ broker: OwnBroker) async throws {
        try await postgres.startReadOnly()
        try await broker.start()
        try await cluster.wait(until: ["ingest", "ingest-2"], areReady: true, saying: "ready", of: "rabbitmq")
        try await cluster.wait(until: workers, areReady: false, saying: "takes no writes", of: "postgresql")
        try await postgres.promote()
        try await cluster.wait(until: workers, areReady: true, saying: "ready", of: "postgresql")
    }
}
