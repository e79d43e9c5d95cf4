@testable import Delivery
import Model
import Postgres
import SMTP
import TestSupport
import Testing

/// Several relays share the mails; one that goes away loses none and doubles none.
@Suite(.timeLimit(.minutes(10))) struct RelaysTests {
    private static let users = (0..<60).map { "user\($0)" }

    private static func relay(_ port: Int, weight: Int = 1) throws -> RelaySettings {
        RelaySettings(
            try SMTPConfiguration(
                host: "127.0.0.1", port: port, encryption: .none, helo: "mailer.example", maxConnections: 4),
            weight: weight)
    }

    /// Sends what is due of all users, by these relays.
    private static func send(_ bench: Bench, by relays: [RelaySettings]) async throws {
        var settings = try bench.settings()
        settings.relays = relays
        let mailer = await Bench.Mailer(worker: try await bench.mailer().worker, settings: settings)
        try await mailer.send(users.map(bench.contact))
        await mailer.relay.shutdown()
    }

    /// With two mail servers, and a mail planned for each user.
    private static func with(
        _ body: (_ bench: Bench, _ first: MailSink, _ second: MailSink) async throws -> Void
    ) async throws {
        try await Bench.with { bench in
            try await MailSink.with { second in
                try await bench.know(users)
                try await bench.plan("receipt", to: users)
                try await body(bench, bench.sink, second)
            }
        }
    }

    private static func expectEachOnce(_ bench: Bench, _ sinks: MailSink...) async throws {
        #expect(Set(sinks.flatMap(\.recipients)).count == users.count)
        #expect(sinks.reduce(0) { $0 + $1.mails.count } == users.count)
        #expect(try await bench.texts("select distinct state from messages") == ["accepted"])
    }

    @Test func weightsShareTheMails() async throws {
        try await Self.with { bench, first, second in
            try await Self.send(bench, by: [Self.relay(first.port, weight: 3), Self.relay(second.port)])
            try await Self.expectEachOnce(bench, first, second)
            #expect(second.mails.count >= 5 && first.mails.count > second.mails.count)
        }
    }

    @Test func whatOneCannotTakeGoesToTheOtherAtOnce() async throws {
        try await Self.with { bench, first, _ in
            try await Self.send(bench, by: [Self.relay(1, weight: 5), Self.relay(first.port)])
            try await Self.expectEachOnce(bench, first)
            #expect(
                try await bench.texts("select distinct attempt::text from messages") == ["1"], "in the first attempt")
        }
    }

    @Test func oneThatDiesUnderWayLosesAndDoublesNothing() async throws {
        try await Self.with { bench, first, second in
            try await Door.with(to: second.port) { door in
                async let dying: Void = eventually("the second has had some") { second.mails.count >= 3 }
                async let sent: Void = Self.send(bench, by: [Self.relay(first.port), Self.relay(door.port)])
                try await dying
                await door.shut()
                try await sent
                // What was at its final dot when the door fell shut is sent again; so does all else go to the other.
                for _ in 0..<3 {
                    bench.machine.advance(.seconds(10))
                    try await Self.send(bench, by: [Self.relay(first.port), Self.relay(door.port)])
                }
                let resent = try await bench.texts("select 'x' from messages where resent_at is not null").count
                #expect(resent <= 4)
                #expect(try await bench.texts("select distinct state from messages") == ["accepted"])
                let all = first.recipients + second.recipients
                #expect(Set(all).count == Self.users.count)
                #expect(all.count <= Self.users.count + resent, "none of the others twice")
            }
        }
    }

    @Test func aStandbyGetsMailsOnlyWhileTheOthersAreAway() async throws {
        try await Self.with { bench, first, second in
            try await Self.send(bench, by: [Self.relay(first.port), Self.relay(second.port, weight: 0)])
            #expect(first.mails.count == Self.users.count && second.mails.isEmpty)
            try await bench.plan("order", to: Self.users)
            try await Self.send(bench, by: [Self.relay(1), Self.relay(second.port, weight: 0)])
            #expect(second.mails.count == Self.users.count)
        }
    }

    @Test func allAwayIsNoFailedAttempt() async throws {
        try await Self.with { bench, _, _ in
            try await Self.send(bench, by: [Self.relay(1), Self.relay(2)])
            #expect(try await bench.texts("select distinct state || ' ' || deferrals from messages") == ["planned 0"])
        }
    }
}

/// How `LOODS_SMTP` names relays.
@Suite struct RelayLists {
    private static func read(_ text: String) throws -> [RelaySettings] {
        try RelayList(text, RelayList.Defaults(connections: 16, helo: "me.example")).relays
    }

    @Test func aListHasOptionsOfEachRelay() throws {
        let relays = try Self.read(
            "smtp://anne:p%40ss@one:587?weight=3&source=192.0.2.7&connections=4, smtps://two?weight=0&helo=b.example\n smtp://[::1]:26?tls=none"
        )
        #expect(relays.map(\.name) == ["one:587", "two:465", "[::1]:26"])
        #expect(relays.map(\.weight) == [3, 0, 1])
        #expect(relays[0].server.credentials?.password == "p@ss" && relays[0].server.sourceAddress == "192.0.2.7")
        #expect(relays.map(\.server.maxConnections) == [4, 16, 16])
        #expect(relays.map(\.server.encryption) == [.opportunistic, .implicit, .none])
        #expect(relays.map(\.server.helo) == ["me.example", "b.example", "me.example"])
    }

    @Test(arguments: [
        ("smtp://", "names no host"), ("http://one", "names no host"), ("smtp://one smtp://", "relay 2: "),
        ("smtp://one?wieght=1", "unknown option \"wieght\""), ("smtp://one?weight=-1", "weight is a number"),
        ("smtp://one?source=here", "source address"), ("smtp://one?tls=maybe", "tls is"),
        ("smtp://one?helo=a%20b", "name to greet with"), ("smtp://one?weight=0", "no relay has a weight above 0"),
        ("smtp://one smtp://one:25", "stands in it twice"), ("", "it names 0 relays"),
    ])
    func faultsAreNamed(_ text: String, _ message: String) {
        #expect { try Self.read(text) } throws: { ($0 as? RelayList.Fault)?.message.contains(message) == true }
    }
}
