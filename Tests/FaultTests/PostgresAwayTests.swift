import Laboratory
import Postgres
import TestSupport
import Testing

/// PostgreSQL goes away for a while, with orders coming in, mails going out and people reading them: an outage is not a
/// failure.
@Suite(.serialized) struct PostgresAwayTests {
    enum Way: String, Sendable {
        case fast = "stopped"
        case immediate = "crashed"
        case frozen
    }

    static var outages: [Outage<Way>] {
        switch FaultLevel.current {
        case .quarter: [.init(way: .immediate, length: .seconds(5))]
        case .lab:
            [
                .init(way: .fast, length: .seconds(5)), .init(way: .immediate, length: .seconds(5)),
                .init(way: .frozen, length: .seconds(9)),
            ]
        case .all:
            [
                .init(way: .fast, length: .seconds(130)), .init(way: .immediate, length: .seconds(50)),
                .init(way: .frozen, length: .seconds(75)),
            ]
        }
    }

    /// Between two orders of a client: what gathers in a long outage is to be worked off in the time that a short one's is.
    private static func pause(in outage: Outage<Way>) -> Duration {
        outage.length > .seconds(30) ? .milliseconds(250) : .milliseconds(40)
    }

    private static let workers = ["scoring", "scheduler", "mailer"]
    private static let readerCount = 8

    @Test(.timeLimit(.minutes(10)), arguments: outages)
    func anOutageIsNoFailure(_ outage: Outage<Way>) async throws {
        try await Cluster.withOwnServers(broker: false, workspace: Shop.reminding) { cluster, servers in
            let postgres = try #require(servers.postgres)
            var expected = Expected()
            let readers = try await cluster.readers(0..<Self.readerCount, &expected)
            // Those who stay are reminded of their carts, and those who withdraw are not.
            let leaving = readers.prefix(Self.readerCount / 2)
            for reader in readers.dropFirst(leaving.count) { expected.add("reminder", to: reader.customer) }

            let pause = Self.pause(in: outage)
            let traffic = try await Traffic.flowing(through: cluster, readers: readers, pause: pause) { traffic in
                try await eventually("orders flow") { await traffic.orders > 8 }
                try await lasting(outage.length) {
                    try await Self.begin(outage.way, postgres)
                    try await Self.everybodySaysWhatTheyWaitFor(cluster, outage.way)
                    let before = await traffic.orders
                    for reader in leaving {
                        let answer = try await cluster.unsubscribe(
                            reader.unsubscribe, address: reader.address, topic: "offers")
                        #expect(answer == "recorded")
                    }
                    try await cluster.post(readers.map { Shop.cart(of: $0.customer) })
                    try await eventually("orders are accepted all the while") { await traffic.orders > before + 8 }
                }
                try await Self.end(outage.way, postgres)
            }
            expected.add(await traffic.expected)
            let recovery = try await cluster.drain(carts: readers.count, expecting: expected)
            let account = try await cluster.account(expecting: expected)
            try FaultReport(
                fault: "PostgreSQL \(outage)",
                point: await traffic.summary,
                workers: 1, account: account, recovery: recovery
            ).record()
            account.expectClean("an outage of the store")

            #expect(await traffic.badReads == [], "clicks and opens go on")
            #expect(await traffic.statuses.keys.sorted() == [200], "every order was accepted at once")
            let withdrawn = "select count(*) from consents where state = 'withdrawn'" as Query
            #expect(try await cluster.count(withdrawn) == leaving.count)
            let returned = try await cluster.sum("loods_deliveries_total", with: "given_back", of: Self.workers)
            #expect(returned == 0, "no delivery counts as a failed attempt")
            for worker in Self.workers where outage.way != .frozen {
                #expect(try await cluster.timesLogged("PostgreSQL is away", by: worker) == 1)
                #expect(try await cluster.timesLogged("PostgreSQL is back", by: worker) == 1)
            }
            try await cluster.wait(until: Self.workers + ["ingest"], areReady: true, saying: "ready", of: "postgresql")
        }
    }

    private static func begin(_ way: Way, _ postgres: OwnPostgres) async throws {
        switch way {
        case .fast: try await postgres.stop(.fast)
        case .immediate: try await postgres.stop(.immediate)
        case .frozen: postgres.freeze()
        }
    }

    private static func end(_ way: Way, _ postgres: OwnPostgres) async throws {
        if way == .frozen { postgres.thaw() } else { try await postgres.start() }
    }

    private static func everybodySaysWhatTheyWaitFor(_ cluster: Cluster, _ way: Way) async throws {
        // A server that hangs is in use as ever, for all that is known, until it has answered nothing for five seconds.
        let words = way == .frozen ? "PostgreSQL has answered nothing for" : "PostgreSQL is away for"
        try await cluster.wait(until: workers, areReady: false, saying: words, of: "postgresql")
        guard way != .frozen else { return }
        try await cluster.wait(
            until: ["ingest"], areReady: true, saying: "withdrawals are recorded", of: "postgresql")
    }
}
