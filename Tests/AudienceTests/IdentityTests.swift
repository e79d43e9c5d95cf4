import Contracts
import Messaging
import Model
import Postgres
import Store
import Testing
import TestSupport

/// Whose a name is that several users have used, and what a late word on it does.
@Suite struct IdentityTests {
    private static let visitor = Identity(.anonymous, "visitor")

    private static func story(_ bench: Bench) -> [AcceptedEvent] {
        [
            bench.event("Form Submitted", "form", of: .anonymous, "visitor", minute: 0),
            bench.identify(
                "color", of: .anonymous, "visitor", minute: 1, traits: ["color": "blue", "email": "v@shop.example"]),
            bench.event(
                EventNames.consentGiven, "yes", of: .anonymous, "visitor", minute: 2, .object(["topic": "offers"])),
            bench.identify("bob", of: .user, "bob", minute: 5, aliases: [visitor], traits: ["color": "red"]),
            bench.identify("anne", of: .user, "anne", minute: 3, aliases: [visitor], traits: ["plan": "free"]),
        ]
    }

    /// Every order of five events: the device is Anne's, who was linked to it first, with everything that it did.
    @Test func anEarlierLinkTakesTheDeviceAlongWhenItComesLate() async throws {
        for order in [[0, 1, 2, 3, 4], [3, 0, 1, 2, 4], [4, 3, 2, 1, 0], [3, 4, 0, 2, 1], [0, 3, 1, 4, 2]] {
            try await Bench.with { bench in
                let events = Self.story(bench)
                for index in order { try await bench.apply(events[index]) }
                let (anne, bob) = (bench.contact(.user, "anne"), bench.contact(.user, "bob"))
                #expect(try await bench.survivor(.anonymous, "visitor") == anne)
                #expect(
                    try await bench.state(.user, "anne")?.attributes
                        == ["color": "blue", "email": "v@shop.example", "plan": "free"])
                #expect(try await bench.state(.user, "bob")?.attributes == ["color": "red"])
                #expect(try await bench.topics(of: "anne") == ["offers"])
                #expect(try await bench.topics(of: "bob").isEmpty)
                let points = try await bench.texts(
                    "select distinct contact_id::text from scores where amount <> 0 order by 1")
                #expect(points == [anne.contact.description])
                #expect(try await bench.state(.user, "anne")?.stage == "think")
                #expect(try await bench.count("select count(*) from events where contact_id = \(bob.contact)") == 1)
            }
        }
    }

    @Test func aDomainIsOneHoweverItIsWritten() async throws {
        try await Bench.with { bench in
            try await bench.apply(
                bench.identify(
                    "i", of: .user, "anne", aliases: [Identity(.email, "anne@bücher.example")],
                    traits: ["email": "Anne@Bücher.example"]),
                bench.event("Page Viewed", "p", of: .email, "anne@xn--bcher-kva.example", minute: 1))
            #expect(
                try await bench.state(.user, "anne")?.attributes == ["email": "Anne@xn--bcher-kva.example"])
            #expect(try await bench.survivor(.email, "anne@xn--bcher-kva.example") == bench.contact(.user, "anne"))
            #expect(try await bench.count("select count(*) from contacts where merged_into is null") == 1)
        }
    }

    @Test func oneBatchSettlesItAsWell() async throws {
        try await Bench.with { bench in
            let events = Self.story(bench)
            try await bench.apply(events[3], events[0], events[4], events[2], events[1])
            #expect(try await bench.survivor(.anonymous, "visitor") == bench.contact(.user, "anne"))
            #expect(
                try await bench.state(.user, "anne")?.attributes
                    == ["color": "blue", "email": "v@shop.example", "plan": "free"])
        }
    }

    /// Two devices that were one person become two users' with one batch: each goes with what it did, and nothing stays.
    @Test func aPersonWhoIsSplitLeavesNothingBehind() async throws {
        try await Bench.with { bench in
            let phone = Identity(.anonymous, "phone")
            try await bench.apply(bench.identify("pair", of: .anonymous, "visitor", minute: 9, aliases: [phone]))
            try await bench.apply(
                bench.event("Form Submitted", "form", of: .anonymous, "visitor", minute: 0),
                bench.event("Page Viewed", "page", of: .anonymous, "phone", minute: 1))
            try await bench.apply(
                bench.identify("anne", of: .user, "anne", minute: 3, aliases: [Self.visitor]),
                bench.identify("bob", of: .user, "bob", minute: 5, aliases: [phone]))
            let (anne, bob) = (bench.contact(.user, "anne"), bench.contact(.user, "bob"))
            #expect(try await bench.survivor(.anonymous, "visitor") == anne)
            #expect(try await bench.survivor(.anonymous, "phone") == bob)
            let points = try await bench.texts(
                "select distinct contact_id::text from scores where amount <> 0 order by 1")
            #expect(points == [anne, bob].map(\.contact.description).sorted())
        }
    }

    @Test func theAccountSaysWhatWasDecidedAndWhy() async throws {
        try await Bench.with { bench in
            for event in Self.story(bench) { try await bench.apply(event) }
            try await bench.apply(bench.identify("late", of: .user, "bob", minute: 9, aliases: [Self.visitor]))
            let anne = bench.contact(.user, "anne")
            let account = try await bench.database.pool.withTransaction { try MergeAccount.load(of: anne, in: $0) }
            #expect(account.names == [Self.visitor, Identity(.user, "anne")])
            let steps = account.steps.map {
                "\($0.rule) \($0.eventID) \($0.strong?.value ?? "") \($0.weak?.value ?? "")"
            }
            #expect(steps == ["moved anne anne visitor", "joined bob bob visitor", "refused bob bob visitor"])
            let bob = bench.contact(.user, "bob")
            let other = try await bench.database.pool.withTransaction { try MergeAccount.load(of: bob, in: $0) }
            #expect(other.steps.map(\.rule) == [.moved, .joined, .refused])
        }
    }

    @Test func aRepeatWithAnotherNameLinksNothing() async throws {
        try await Bench.with { bench in
            try await bench.apply(bench.identify("1", minute: 1, aliases: [Self.visitor]))
            try await bench.apply(bench.identify("1", minute: 1, aliases: [Identity(.anonymous, "other")]))
            #expect(try await bench.survivor(.anonymous, "other") == bench.contact(.anonymous, "other"))
        }
    }

    /// A release before linked without keeping links: what it linked stays, whatever comes late.
    @Test func whatAnOlderReleaseLinkedStays() async throws {
        try await Bench.with { bench in
            try await bench.apply(bench.identify("bob", of: .user, "bob", minute: 5, aliases: [Self.visitor]))
            _ = try await bench.database.pool.withTransaction { try $0.execute("delete from identity_links") }
            try await bench.apply(bench.identify("anne", of: .user, "anne", minute: 1, aliases: [Self.visitor]))
            #expect(try await bench.survivor(.anonymous, "visitor") == bench.contact(.user, "bob"))
        }
    }
}

/// Companies, and whom their attributes concern.
@Suite struct CompanyTests {
    private static let files = Shop.files.merging([
        "stages.yaml": """
        stages:
          - stage: see
          - {stage: think, when: 'has(contact.company) && contact.company.plan == "pro"'}
        """
    ]) { $1 }

    private static func group(
        _ bench: Bench, _ id: String, of user: String = "anne", _ company: String, minute: Int64,
        trust: AcceptedEvent.Trust = .server, _ traits: [String: JSON] = [:]
    ) -> AcceptedEvent {
        var traits = traits
        traits["group_id"] = .string(company)
        return bench.event(
            EventNames.grouped, id, of: .user, user, minute: minute, trust: trust, call: .group,
            .object(traits))
    }

    private static func company(_ bench: Bench, _ id: String) async throws -> [String] {
        try await bench.texts(
            "select attributes::text from companies where company_id = \(id) and workspace_id = \(bench.workspace)")
    }

    @Test(arguments: [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
    func theLastWordHoldsOfAttributesAndOfMembership(order: [Int]) async throws {
        try await Bench.with(Self.files) { bench in
            let events = [
                Self.group(bench, "1", "acme", minute: 1, ["plan": "pro", "seats": 5]),
                Self.group(bench, "2", "acme", minute: 2, ["plan": "free"]),
                Self.group(bench, "3", "globex", minute: 3, ["plan": "pro"]),
            ]
            for index in order { try await bench.apply(events[index]) }
            #expect(try await bench.state(.user, "anne")?.membership?.company == "globex")
            #expect(try await Self.company(bench, "acme") == [#"{"plan": "free", "seats": 5}"#])
            #expect(try await bench.state(.user, "anne")?.stage == "think")
        }
    }

    @Test func aChangeReachesTheOtherMembers() async throws {
        try await Bench.with(Self.files) { bench in
            try await bench.apply(
                Self.group(bench, "1", of: "anne", "acme", minute: 1),
                Self.group(bench, "2", of: "bob", "acme", minute: 1))
            try await bench.apply(Self.group(bench, "3", of: "bob", "acme", minute: 2, ["plan": "pro"]))
            #expect(try await bench.state(.user, "bob")?.stage == "think")
            #expect(try await bench.state(.user, "anne")?.stage == "see")
            let marked = try await bench.database.pool.withTransaction {
                try Companies.stirMembers(limit: 10, now: Bench.start, in: $0)
            }
            #expect(marked == 2)
            #expect(
                try await bench.database.pool.withTransaction {
                    try Companies.stirMembers(limit: 10, now: Bench.start, in: $0)
                } == nil)
            try await bench.apply(bench.event("Page Viewed", "p", minute: 3))
            #expect(try await bench.state(.user, "anne")?.stage == "think")
        }
    }

    @Test func aPublicKeySaysNothingOfCompanies() async throws {
        try await Bench.with(Self.files) { bench in
            try await bench.apply(Self.group(bench, "1", "acme", minute: 1, trust: .publicKey, ["plan": "pro"]))
            #expect(try await bench.state(.user, "anne")?.membership == nil)
            #expect(try await Self.company(bench, "acme").isEmpty)
        }
    }
}
