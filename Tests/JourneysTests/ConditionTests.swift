import Journeys
import Model
import Postgres
import Scores
import Store
import TestSupport
import Testing

/// What conditions ask for is there when they ask.
@Suite struct ConditionTests {
    /// A journey that chooses by a condition, for everybody and every order anew.
    private static func files(_ condition: String) -> [String: String] {
        var files = Shop.files
        files["scores.yaml"] = "scores: [{score: loyalty, points: [{event: Order Completed, points: 2.5}]}]\n"
        files["journeys/club.yaml"] = """
            journey: club
            enter: {event: Joined, key: event.properties.club, again: per-key}
            steps:
              - if: '\(condition)'
                then: [{email: offer, step: aye}]
                else: [{email: thanks, step: nay}]
            """
        return files
    }

    /// Where an awaited event happened is known, as it is of one that starts a run.
    @Test(arguments: [#"event.page.stage == "think""#, #"event.context.campaign.name == "spring""#])
    func aWaitSeesWhereItsEventHappened(condition: String) async throws {
        try await Bench.with { bench in
            var files = Shop.files
            files["pages.yaml"] = "pages: [{url: /docs/**, stage: think}]"
            files["journeys/club.yaml"] = """
                journey: club
                enter: {event: Joined}
                steps: [{wait_for: {event: Page Viewed, when: '\(condition)', at_most: 3d}, then: [end], else: [{wait: 9d}]}]
                """
            try await Bench.apply(files, to: bench.database)
            try await bench.hears("Joined", "j")
            let elsewhere = JSON.object(["page": .object(["path": .string("/prices")])])
            try await bench.hears("Page Viewed", "1", at: Bench.start + .hours(1), context: elsewhere)
            #expect(try await bench.runs() == ["club waiting for event wait_for 1"])
            let docs = JSON.object([
                "page": .object(["path": .string("/docs/a")]), "campaign": .object(["name": .string("spring")]),
            ])
            try await bench.hears("Page Viewed", "2", at: Bench.start + .hours(2), context: docs)
            #expect(try await bench.runs() == ["club finished"])
        }
    }

    @Test(arguments: [
        (#"consented("offers")"#, "aye"), (#"!consented("offers")"#, "nay"),
        (#"score("loyalty") > 4"#, "aye"), (#"score("loyalty") > 5"#, "nay"),
        (#"count("Docs Viewed") == 2"#, "aye"), (#"did("Signed Up")"#, "nay"), (#"stage == "think""#, "aye"),
        (#"contact.email == "anne@shop.example""#, "aye"), (#"run.did("Docs Viewed")"#, "nay"),
    ])
    func aBranchIsTakenOnTheFacts(condition: String, step: String) async throws {
        try await Bench.with { bench in
            try await Bench.apply(Self.files(condition), to: bench.database)
            for id in ["1", "2"] { _ = try await bench.happens("Docs Viewed", id, at: Bench.start - .hours(1)) }
            let anne = bench.contact("anne")
            try await bench.database.pool.withTransaction { session in
                let given = Consents.Entry(
                    contact: anne, topic: "offers", address: "anne@shop.example", at: Bench.start, eventID: "c",
                    state: .given, wording: nil, source: "event")
                try Consents.append([given], now: Bench.start, in: session)
                try ScoreSums.add(
                    [.init(contact: anne, model: "loyalty", term: ScoreTerm(epoch: 0, amount: 5000))],
                    now: Bench.start, in: session)
                _ = try session.execute(
                    """
                    update contacts set stage = 'think', attributes = '{"email": "anne@shop.example"}'
                    where contact_id = \(anne.contact)
                    """)
            }
            try await bench.hears("Joined", "j", .object(["club": "A"]))
            #expect(try await bench.messages() == ["club \(step) planned"])
        }
    }

    /// Neither what is stored, of a release that knew no objection, nor what attributes give.
    @Test func whoObjectsToProfilingHasNoScore() async throws {
        try await Bench.with { bench in
            var files = Self.files(#"score("loyalty") > 0"#)
            files["scores.yaml"] = """
                scores:
                  - score: loyalty
                    points: [{event: Order Completed, points: 2.5}]
                    fit: [{when: 'contact.email != ""', points: 5}]
                """
            try await Bench.apply(files, to: bench.database)
            for (user, objects) in [("anne", true), ("bob", false)] {
                _ = try await bench.happens("Docs Viewed", "1", to: user, at: Bench.start - .hours(1))
                let contact = bench.contact(user)
                try await bench.database.pool.withTransaction { session in
                    try ScoreSums.add(
                        [.init(contact: contact, model: "loyalty", term: ScoreTerm(epoch: 0, amount: 5000))],
                        now: Bench.start, in: session)
                    _ = try session.execute(
                        """
                        update contacts set attributes = '{"email": "x@shop.example"}', objects = \(objects)
                        where contact_id = \(contact.contact)
                        """)
                }
            }
            try await bench.hears("Joined", "j", to: "anne", .object(["club": "A"]))
            #expect(try await bench.messages() == ["club nay planned"])
            try await bench.hears("Joined", "j", to: "bob", .object(["club": "A"]))
            #expect(try await bench.messages().sorted() == ["club aye planned", "club nay planned"])
        }
    }
}
