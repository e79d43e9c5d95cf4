import Contracts
import Messaging
import Model
import Postgres
import Store
import Testing
import TestSupport

/// What a key that stands in public pages may not do.
@Suite struct TrustTests {
    @Test func aPublicKeyDescribesOnlyStrangers() async throws {
        try await Bench.with { bench in
            let traits: [String: JSON] = ["name": "Eve", "email": "eve@shop.example"]
            try await bench.apply(
                bench.identify("stranger", of: .anonymous, "visitor", trust: .publicKey, traits: traits),
                bench.identify("user", of: .user, "anne", trust: .publicKey, traits: traits))
            #expect(try await bench.state(.anonymous, "visitor")?.attributes == ["name": "Eve"])
            #expect(try await bench.state(.user, "anne")?.attributes == [:])
        }
    }

    @Test func aPublicKeyDescribesNobodyThroughALinkedName() async throws {
        try await Bench.with { bench in
            let visitor = Identity(.anonymous, "visitor")
            try await bench.apply(bench.identify("link", aliases: [visitor], traits: ["plan": "free"]))
            try await bench.apply(
                bench.identify(
                    "e", of: .anonymous, "visitor", minute: 9, trust: .publicKey, traits: ["plan": "gold", "x": 1]))
            #expect(try await bench.state(.user, "anne")?.attributes == ["plan": "free"])
        }
    }

    @Test func whatAStrangerSaidNeverOverridesTheServer() async throws {
        try await Bench.with { bench in
            try await bench.apply(
                bench.identify("e", of: .anonymous, "visitor", minute: 9, trust: .publicKey, traits: ["plan": "gold"]))
            try await bench.apply(
                bench.identify("link", minute: 1, aliases: [Identity(.anonymous, "visitor")], traits: ["plan": "free"]))
            #expect(try await bench.state(.user, "anne")?.attributes == ["plan": "free"])
        }
    }

    @Test func aPublicKeyNeitherConsentsNorMerges() async throws {
        try await Bench.with { bench in
            try await bench.apply(bench.identify("i", traits: ["email": "anne@shop.example"]))
            try await bench.apply(
                bench.event("Page Viewed", "p", of: .anonymous, "visitor"),
                bench.consent("c", minute: 1, trust: .publicKey),
                bench.identify("m", minute: 2, aliases: [Identity(.anonymous, "visitor")], trust: .publicKey))
            #expect(try await bench.topics(of: "anne").isEmpty)
            #expect(try await bench.survivor(.anonymous, "visitor") == bench.contact(.anonymous, "visitor"))
        }
    }
}

/// Consent holds at an address, from whichever order of events.
@Suite struct ConsentTests {
    @Test(arguments: [[0, 1], [1, 0]])
    func itMayBeKnownBeforeTheAddress(order: [Int]) async throws {
        try await Bench.with { bench in
            let events = [bench.identify("b", traits: ["email": "Anne@Shop.example"]), bench.consent("a")]
            for index in order { try await bench.apply(events[index]) }
            #expect(try await bench.topics(of: "anne") == ["offers"])
        }
    }

    @Test func itIsForTheAddressThatItNames() async throws {
        try await Bench.with { bench in
            try await bench.apply(
                bench.identify("i", traits: ["email": "old@shop.example"]),
                bench.consent("c", at: "OLD@shop.example", minute: 1))
            #expect(try await bench.topics(of: "anne") == ["offers"])
            try await bench.apply(bench.identify("j", minute: 2, traits: ["email": "new@shop.example"]))
            #expect(try await bench.topics(of: "anne").isEmpty)
        }
    }

    @Test func aWithdrawalAtAnAddressOutlivesAChangeOfAddress() async throws {
        try await Bench.with { bench in
            try await bench.apply(
                bench.identify("i", traits: ["email": "old@shop.example"]), bench.consent("c", minute: 1),
                bench.withdrawal("w", at: "old@shop.example", minute: 2),
                bench.identify("j", minute: 3, traits: ["email": "new@shop.example"]))
            #expect(try await bench.topics(of: "anne").isEmpty)
            try await bench.apply(bench.consent("d", minute: 4))
            #expect(try await bench.topics(of: "anne") == ["offers"])
        }
    }

    @Test func ofTwoAtOneInstantTheWithdrawalHolds() async throws {
        try await Bench.with { bench in
            try await bench.apply(
                bench.identify("i", traits: ["email": "anne@shop.example"]),
                bench.withdrawal("a"), bench.consent("b"), bench.consent("n", to: "news"))
            #expect(try await bench.topics(of: "anne") == ["news"])
        }
    }
}
