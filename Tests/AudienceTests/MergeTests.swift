import Contracts
import Messaging
import Model
import Postgres
import Store
import Testing
import TestSupport

/// Names that turn out to be one person's.
@Suite struct MergeTests {
    private static let visitor = Identity(.anonymous, "visitor")

    @Test func identifyingMovesWhatTheVisitorHad() async throws {
        try await Bench.with { bench in
            try await bench.apply(
                bench.event("Form Submitted", "form", of: .anonymous, "visitor", minute: 1),
                bench.identify("color", of: .anonymous, "visitor", minute: 2, traits: ["color": "blue", "plan": "old"]))
            try await bench.apply(bench.identify("plan", minute: 3, traits: ["plan": "new"]))
            try await bench.apply(bench.identify("link", minute: 4, aliases: [Self.visitor]))
            try await bench.apply(bench.event("Page Viewed", "after", of: .anonymous, "visitor", minute: 5))

            let anne = bench.contact(.user, "anne")
            #expect(try await bench.survivor(.anonymous, "visitor") == anne)
            let state = try await bench.state(.user, "anne")
            #expect(state?.attributes == ["color": "blue", "plan": "new"])
            #expect(state?.stage == "think")
            #expect(try await bench.count("select count(*) from events where contact_id = \(anne.contact)") == 5)
            #expect(try await bench.count("select count(distinct contact_id) from scores") == 1)
            #expect(try await bench.count("select count(*) from stages where contact_id = \(anne.contact)") == 2)
        }
    }

    @Test func anAliasCallNamesWhoTheUserWasBefore() async throws {
        try await Bench.with { bench in
            try await bench.apply(bench.event("Page Viewed", "p", of: .anonymous, "visitor"))
            try await bench.apply(bench.event(EventNames.aliased, "a", aliases: [Self.visitor], call: .alias))
            #expect(try await bench.survivor(.anonymous, "visitor") == bench.contact(.user, "anne"))
        }
    }

    @Test func aNameLinkedBeforeItCameAloneLandsOnTheSurvivor() async throws {
        try await Bench.with { bench in
            try await bench.apply(bench.identify("link", aliases: [Self.visitor]))
            try await bench.apply(bench.event("Form Submitted", "f", of: .anonymous, "visitor", minute: 1))
            #expect(try await bench.state(.user, "anne")?.stage == "think")
            #expect(try await bench.count("select count(*) from contacts where merged_into is null") == 1)
        }
    }

    @Test func twoUsersNeverMerge() async throws {
        try await Bench.with { bench in
            try await bench.apply(bench.identify("1", of: .user, "anne", aliases: [Self.visitor]))
            try await bench.apply(bench.identify("2", of: .user, "bob", aliases: [Self.visitor]))
            #expect(try await bench.count("select count(*) from contacts where merged_into is null") == 2)
            #expect(try await bench.survivor(.user, "bob") == bench.contact(.user, "bob"))
        }
    }

    @Test(arguments: [false, true])
    func theOneWithAUserIDSurvivesWhoeverSpeaksOfIt(reversed: Bool) async throws {
        try await Bench.with { bench in
            let address = Identity(.email, "anne@shop.example")
            let events = [
                bench.identify("known", aliases: [address]),
                bench.identify("device", of: .anonymous, "visitor", minute: 1, aliases: [address]),
            ]
            for event in reversed ? events.reversed() : events { try await bench.apply(event) }
            for name in [Self.visitor, Identity(.user, "anne")] {
                let survivor = try await bench.survivor(name.kind, name.value)
                #expect(survivor == bench.contact(.user, "anne"))
            }
        }
    }

    @Test func aStageReachedIsNotLostWithTheMerge() async throws {
        try await Bench.with { bench in
            // The score that took the visitor there has faded since.
            try await bench.apply(
                bench.event("Form Submitted", "f", of: .anonymous, "visitor"),
                bench.event("Page Viewed", "p", of: .user, "anne"))
            _ = try await bench.database.pool.withTransaction { session in
                try session.execute("update scores set amount = 0")
            }
            let signals = try await bench.apply(bench.identify("link", minute: 1, aliases: [Self.visitor]))
            #expect(try await bench.state(.user, "anne")?.stage == "think")
            #expect(signals.isEmpty)
        }
    }

    @Test func consentMovesToo() async throws {
        try await Bench.with { bench in
            try await bench.apply(
                bench.event(EventNames.consentGiven, "c", of: .anonymous, "visitor", .object(["topic": "offers"])))
            try await bench.apply(
                bench.identify("link", minute: 1, aliases: [Self.visitor], traits: ["email": "anne@shop.example"]))
            #expect(try await bench.topics(of: "anne") == ["offers"])
        }
    }
}

extension Bench {
    /// The topics to which mail may go.
    func topics(of user: String) async throws -> Set<String> {
        let key = contact(.user, user)
        return try await database.pool.withTransaction { session in
            let address = try Contacts.states(of: [key], in: session)[key]?.address
            return try Consents.current(of: [key], in: session)[key, default: []].topics(givenAt: address)
        }
    }
}
