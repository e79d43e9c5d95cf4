import Foundation
import Laboratory
import Postgres
import TestSupport
import Testing

/// One item kills whoever handles it. It is found, and set aside with all that is known of it, while its batch and its
/// queue go on; once it does no harm any more it can be replayed.
@Suite struct PoisonTests {
    /// An item, by how it is named to those who die of it, and by what it does harm to.
    struct Poison: Sendable, CustomTestStringConvertible {
        var service: String
        var item: String
        var queue: String
        var content: String
        var testDescription: String { "\(service) dies of \(item)" }
    }

    static let poisons: [Poison] = {
        let quick = [
            Poison(service: "scoring", item: "event:Basket Left", queue: "events", content: "Basket Left"),
            Poison(service: "scheduler", item: "signal:Basket Left", queue: "signals", content: "Basket Left"),
        ]
        let slow = [
            // Found in the store by the mailer itself: the lease of the dead, and the patience with a page, must pass.
            Poison(service: "scheduler", item: "run:basket", queue: "signals", content: "Timer Due"),
            Poison(service: "mailer", item: "mail:basket-left", queue: "messages", content: "message"),
            Poison(service: "mailer", item: "claim:basket-left", queue: "messages", content: "message"),
        ]
        return FaultLevel.current == .quarter ? [quick[Int(FaultLevel.seed % 2)]] : quick + slow
    }()

    @Test(.timeLimit(.minutes(10)), arguments: poisons)
    func itIsSetAsideAndAllElseGoesOn(_ poison: Poison) async throws {
        let services = Cluster.workers(1)
        // Every process of the service, whoever starts it and however often.
        var settings: Cluster.Settings = ["mailer": ["LOODS_CLAIM_LEASE": "1s"]]
        settings[poison.service, default: [:]]["LOODS_CRASH_ITEM"] = poison.item
        try await Cluster.with(services: services, settings: settings, workspace: Shop.files) { cluster in
            var expected = Expected(setAside: 1)
            if poison.queue == "events" { expected.poison = ["3-basket"] }
            // Of the run that cannot be looked at any more the mail had gone.
            if poison.item.hasPrefix("run") {
                expected.mails[Shop.address(3)] = ["basket-left"]
                expected.stranded = 1
            }
            let start = ContinuousClock.now
            let history = try await cluster.supervised {
                // In the midst of its batch, and others behind it.
                try await Self.sell(0..<6, with: [Shop.basket(3)], cluster, &expected)
                for first in [6, 12] { try await Self.sell(first..<first + 6, with: [], cluster, &expected) }
                try await cluster.drain(expecting: expected, within: .seconds(180))
                return try await Self.check(cluster, poison)
            }
            let account = try await cluster.account(expecting: expected)
            let deaths = await cluster.deaths.count
            try FaultReport(
                fault: "poison", point: "\(poison.service): \(poison.item)", workers: 1, account: account,
                recovery: .now - start
            ).record()
            if poison.queue != "messages", !poison.item.hasPrefix("run") { account.expectClean() }
            #expect(account.lost == 0 && account.doubled == 0)
            if poison.queue != "messages", !poison.item.hasPrefix("run") {
                #expect((3...20).contains(deaths), "\(deaths) died of it")
            }
            #expect(history.count { $0.contains("died with it in hand") } == 3)
            try await Self.replay(cluster, poison, &expected)
        }
    }

    private static func sell(
        _ numbers: Range<Int>, with others: [[String: Any]], _ cluster: Cluster, _ expected: inout Expected
    ) async throws {
        var batch: [[String: Any]] = []
        for number in numbers {
            let before = expected.mails[Shop.address(number)] ?? []
            expected.add(customer: number, consents: ["offers"])
            expected.mails[Shop.address(number), default: []] += before
            batch += Shop.customer(number, consents: ["offers"])
        }
        batch.insert(contentsOf: others, at: batch.count / 2)
        try await cluster.post(batch)
    }

    /// What is kept of it: its payload, the reason, and who tried it when.
    private static func check(_ cluster: Cluster, _ poison: Poison) async throws -> [String] {
        let id = try #require(try await cluster.texts("select set_aside_id::text from set_aside").first)
        let shown = try await cluster.loods("set-aside", "show", id, "--json")
        let item = try #require(try JSONSerialization.jsonObject(with: Data(shown.utf8)) as? [String: Any])
        #expect(item["queue"] as? String == poison.queue)
        #expect((item["reason"] as? String)?.contains("it killed 3 workers") == true)
        let content = try #require(item["content"] as? [String])
        #expect(content.count == 1 && content[0].contains(poison.content), "alone, and readable: \(content)")
        let history = try #require(item["history"] as? [[String: String]])
        #expect(history.allSatisfy { $0["worker"]?.hasPrefix(poison.service) == true && $0["at"] != nil }, "\(history)")
        return history.compactMap { $0["what"] }
    }

    /// Those who do not die of it any more handle it like any other.
    private static func replay(_ cluster: Cluster, _ poison: Poison, _ expected: inout Expected) async throws {
        try await cluster.replace([poison.service], with: ["LOODS_CRASH_ITEM": "event:nothing of this name"])
        _ = try await cluster.loods("set-aside", "replay", "--all")
        (expected.setAside, expected.stranded) = (0, 0)
        expected.poison = []
        if !poison.item.hasPrefix("run") { expected.mails[Shop.address(3), default: []].append("basket-left") }
        try await cluster.drain(expecting: expected)
        let account = try await cluster.account(expecting: expected)
        #expect(account.lost == 0 && account.doubled == 0, "\(account.complaints)")
        #expect(try await cluster.count("select count(*) from set_aside where replayed_at is null") == 0)
    }
}
