import Contracts
import Model
import Postgres
import Store
import Testing
import TestSupport

/// What robots send is kept, and makes nobody.
@Suite struct RobotTests {
    /// A page view with a public key, as the edge completes it.
    private static func view(
        _ bench: Bench, _ id: String, of kind: Identity.Kind = .anonymous, _ value: String = "visitor",
        minute: Int64 = 0, bot: String = "true", trust: AcceptedEvent.Trust = .publicKey, name: String = "Page Viewed"
    ) -> AcceptedEvent {
        var event = bench.event(name, id, of: kind, value, minute: minute, trust: trust)
        event.context = Array(#"{"userAgent":"Crawler","browser":{"bot":true},"bot":\#(bot)}"#.utf8)
        return event
    }

    private static func contacts(_ bench: Bench) async throws -> Int64 {
        try await bench.count("select count(*) from contacts")
    }

    @Test func theyAreInTheLogOnceAndNobodys() async throws {
        try await Bench.with { bench in
            let robot = Self.view(bench, "r")
            let signals = try await bench.apply(robot, robot, Self.view(bench, "s", minute: 1))
            try await bench.apply(robot)
            #expect(signals.isEmpty)
            #expect(try await bench.texts("select event_id from event_log order by 1") == ["r", "s"])
            #expect(try await bench.texts("select context ->> 'bot' from event_log") == ["true", "true"])
            for table in ["contacts", "identities", "scores", "stages", "events"] {
                #expect(try await bench.texts("select t::text from \(identifier: table) t") == [], "\(table)")
            }
        }
    }

    /// A visitor of the same name is who it is without them, whichever comes first.
    @Test func theVisitorOfTheSameNameIsLeftAsItIs() async throws {
        for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
            try await Bench.with { bench in
                let events = [
                    Self.view(bench, "r"), Self.view(bench, "p", minute: 1, bot: "false"),
                    bench.identify("i", minute: 2, aliases: [Identity(.anonymous, "visitor")]),
                ]
                for index in order { try await bench.apply(events[index]) }
                try await bench.apply(events[0], events[1])
                #expect(try await bench.count("select count(*) from event_log") == 3)
                #expect(try await bench.texts("select event_id from events order by 1") == ["i", "p"])
                #expect(try await bench.survivor(.anonymous, "visitor") == bench.contact(.user, "anne"))
                let points = try await bench.texts("select sum(amount)::text from scores where model = 'engagement'")
                let alone = try await Self.points(of: [events[1], events[2]])
                #expect(points == alone, "\(order)")
            }
        }
    }

    private static func points(of events: [AcceptedEvent]) async throws -> [String] {
        var points: [String] = []
        try await Bench.with { bench in
            for event in events { try await bench.apply(event) }
            points = try await bench.texts("select sum(amount)::text from scores where model = 'engagement'")
        }
        return points
    }

    /// Who names a user, fills in a form or speaks with a server's key is taken at their word.
    @Test func othersCount() async throws {
        try await Bench.with { bench in
            try await bench.apply(
                Self.view(bench, "u", of: .user, "anne"), Self.view(bench, "f", "form", name: EventNames.formSubmitted),
                Self.view(bench, "s", "server", trust: .server), Self.view(bench, "n", "none", bot: "null"),
                Self.view(bench, "t", "text", bot: #""true""#))
            #expect(try await Self.contacts(bench) == 5)
            #expect(try await bench.count("select count(*) from events") == 5)
        }
    }

    /// It may have been the person after all.
    @Test func anErasureTakesThemToo() async throws {
        try await Bench.with { bench in
            let robot = Self.view(bench, "r")
            try await bench.apply(
                robot, Self.view(bench, "p", minute: 1, bot: "false"),
                bench.identify("i", minute: 2, aliases: [Identity(.anonymous, "visitor")]))
            let anne = bench.contact(.user, "anne")
            _ = try await bench.database.pool.withTransaction { session in
                try Standing.cell.take(in: session)
                return try Erasures.begin(
                    with: anne, by: Bench.erasureKey, askedBy: "test", id: .derived("erasure"),
                    now: Bench.start + .hours(1), in: session)
            }
            #expect(try await bench.count("select count(*) from event_log") == 0)
            try await bench.apply(robot)
            #expect(try await bench.count("select count(*) from event_log") == 0)
            try await bench.apply(Self.view(bench, "later", minute: 90))
            #expect(try await bench.count("select count(*) from event_log") == 1)
        }
    }
}
