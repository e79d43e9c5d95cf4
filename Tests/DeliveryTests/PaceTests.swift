@testable import Delivery
import Model
import Pacing
import Postgres
import SendGate
import Store
import TestSupport
import Testing

/// The pace of mails, as limits of the definitions say it.
@Suite struct PaceTests {
    private static func names(_ prefix: String, _ count: Int) -> [String] { (0..<count).map { "\(prefix)\($0)" } }

    /// How many mails the sink has, by recipient domain.
    private static func counts(_ bench: Bench) -> [String: Int] {
        Dictionary(grouping: bench.sink.recipients) { String($0.split(separator: "@").last ?? "") }
            .mapValues(\.count)
    }

    @Test func aLimitLetsSoManyGoInEachWindowAndTheOthersWaitInLine() async throws {
        try await Bench.with { bench in
            try await bench.apply("pace: [{site: mail.example, per_second: 3, per_minute: 5}]\n")
            let users = Self.names("u", 12)
            try await bench.know(users)
            try await bench.plan("receipt", to: users)
            let mailer = try await bench.mailer()
            try await mailer.send(users.map(bench.contact))
            #expect(bench.sink.mails.isEmpty, "all of them wait in line")
            #expect(
                try await bench.texts("select distinct line from messages") == [
                    "transactional shop.example mail.example"
                ])
            #expect(
                try await bench.texts("select distinct reasons::text from messages") == ["\(Reasons.paced.rawValue)"])
            #expect(try await mailer.sendLined() == 3)
            #expect(try await mailer.sendLined() == 0, "this second's have gone")
            try await bench.pass(.seconds(1))
            #expect(try await mailer.sendLined() == 2, "this minute's have gone")
            try await bench.pass(.seconds(2))
            #expect(try await mailer.sendLined() == 0)
            try await bench.pass(.minutes(1))
            #expect(try await mailer.sendLined() == 3)
            try await bench.pass(.minutes(2))
            #expect(try await mailer.sendLined() == 3)
            try await bench.pass(.minutes(2) + .seconds(1))
            #expect(try await mailer.sendLined() == 1)
            #expect(bench.sink.mails.count == 12)
            try await bench.pass(.minutes(4))
            #expect(try await mailer.sendLined() == 0)
            #expect(try await bench.texts("select line from send_lines") == [], "an empty line is closed")
            #expect(try await bench.claims() == 0)
            await mailer.relay.shutdown()
        }
    }

    @Test func oneSiteAtItsLimitHoldsUpNoOther() async throws {
        try await Bench.with { bench in
            try await bench.apply(
                "sites: {slow: [a.example, b.example]}\npace: [{site: slow, per_hour: 2}, {site: each, per_second: 50}]\n"
            )
            let (slow, other, fast) = (Self.names("s", 300), Self.names("o", 300), Self.names("f", 20))
            try await bench.know(slow, at: "a.example")
            try await bench.know(other, at: "b.example")
            try await bench.know(fast, at: "c.example")
            try await bench.plan("offer", to: slow + other, topic: "offers")
            try await bench.plan("offer", to: fast, topic: "offers")
            let mailer = try await bench.mailer()
            try await mailer.send((slow + other + fast).map(bench.contact))
            try await mailer.sendLined()
            let counts = Self.counts(bench)
            #expect(counts["c.example"] == 20)
            #expect(counts["a.example", default: 0] + counts["b.example", default: 0] == 2, "they are one site")
            await mailer.relay.shutdown()
        }
    }

    @Test func transactionalMailGoesAheadOfMarketing() async throws {
        try await Bench.with { bench in
            try await bench.apply("pace: [{domain: shop.example, per_minute: 4}, {class: marketing, per_minute: 3}]\n")
            let (all, buyers) = (Self.names("u", 10), ["x", "y"])
            try await bench.know(all + buyers)
            try await bench.plan("offer", to: all, topic: "offers")
            let mailer = try await bench.mailer()
            try await mailer.send(all.map(bench.contact))
            try await bench.plan("receipt", to: buyers)
            try await mailer.send(buyers.map(bench.contact))
            try await mailer.sendLined()
            #expect(
                try await bench.messages().filter { $0.hasSuffix("accepted") }.sorted() == [
                    "offer accepted", "offer accepted", "receipt accepted", "receipt accepted",
                ])
            try await bench.pass(.minutes(1))
            #expect(try await mailer.sendLined() == 3, "marketing has a limit of its own")
            try await bench.plan("receipt", to: all)
            try await mailer.send(all.map(bench.contact))
            #expect(try await mailer.sendLined() == 1, "and transactional mail only that of all")
            await mailer.relay.shutdown()
        }
    }

    @Test func whatTheGateRefusesInTheEndTakesNothingOfALimit() async throws {
        try await Bench.with { bench in
            try await bench.apply("pace: [{site: each, per_hour: 2}]\n")
            let users = Self.names("u", 4)
            try await bench.know(users)
            try await bench.plan("offer", to: users, topic: "offers")
            let mailer = try await bench.mailer()
            try await mailer.send(users.map(bench.contact))
            // Behind the gate's back: it finds out only when they are at the head of their line.
            try await bench.change("update consents set state = 'withdrawn'")
            #expect(try await mailer.sendLined() == 0)
            try await bench.plan("receipt", to: ["u0", "u1"])
            try await mailer.send(users.map(bench.contact))
            try await mailer.sendLined()
            #expect(
                try await bench.messages() == [
                    "offer skipped", "offer skipped", "offer skipped", "offer skipped", "receipt accepted",
                    "receipt accepted",
                ])
            await mailer.relay.shutdown()
        }
    }

    @Test func noMoreAreUnderWayAtOnceThanSessionsSay() async throws {
        let isHeld: @Sendable (MailSink.Moment) -> MailSink.Answer? = { if case .finalDot = $0 { .wait } else { nil } }
        try await Bench.with(isHeld) { bench in
            try await bench.apply("pace: [{site: mail.example, sessions: 2}]\n")
            let users = Self.names("u", 5)
            try await bench.know(users)
            try await bench.plan("receipt", to: users)
            let (one, two) = (try await bench.mailer(), try await bench.mailer())
            try await one.send(users.map(bench.contact))
            func dots() -> Int { bench.sink.moments.count { if case .finalDot = $0 { true } else { false } } }
            async let first = one.sendLined()
            try await eventually("two are at their final dots") { dots() == 2 }
            #expect(try await two.sendLined() == 0, "all sessions are taken")
            #expect(try await bench.texts("select sessions::text from send_sessions") == ["2"])
            try await eventually("all are taken") {
                bench.sink.release()
                return bench.sink.mails.count == 5
            }
            #expect(try await first == 5)
            #expect(try await bench.texts("select sessions::text from send_sessions") == [])
            await one.relay.shutdown()
            await two.relay.shutdown()
        }
    }

    @Test func theLimitsOfARelayHoldForAllMails() async throws {
        try await Bench.with { bench in
            let users = Self.names("u", 6)
            try await bench.know(users)
            try await bench.plan("receipt", to: users)
            let plain = try await bench.mailer()
            var settings = plain.settings
            settings.relays[0].limits = SendLimits(perMinute: 2)
            let (one, two) = (
                await Bench.Mailer(worker: plain.worker, settings: settings),
                await Bench.Mailer(worker: try await bench.mailer().worker, settings: settings)
            )
            try await one.send(users.map(bench.contact))
            let sent = try await (one.sendLined(), two.sendLined())
            #expect(sent.0 + sent.1 == 2)
            try await bench.pass(.minutes(1))
            #expect(try await two.sendLined() == 2)
            for mailer in [plain, one, two] { await mailer.relay.shutdown() }
        }
    }

    @Test func aClaimThatDiesGivesItsSessionsBackAndItsMailsJoinTheirLineAgain() async throws {
        try await Bench.with { bench in
            try await bench.apply("pace: [{site: mail.example, sessions: 1, per_hour: 100}]\n")
            try await bench.know(["anne", "bob"])
            try await bench.plan("receipt", to: ["anne", "bob"])
            let mailer = try await bench.mailer()
            let contacts = ["anne", "bob"].map(bench.contact)
            try await mailer.send(contacts)
            let errand = try #require(try await mailer.lines.take(withTopic: true, resting: []))
            #expect(errand.grants.count == 1, "one session")
            #expect(try await mailer.sendLined() == 0, "which is taken")
            try await bench.database.pool.withTransaction { session in
                let leases = try Claims.leases(in: session)
                _ = try Claims.release(leases, machineNow: bench.machine.now, now: Bench.start, in: session)
            }
            #expect(try await mailer.sendLined() == 1)
            bench.machine.advance(.minutes(1))
            // The one that was taken for the dead is looked for again, and joins its line.
            try await mailer.send(contacts)
            #expect(try await mailer.sendLined() == 1)
            #expect(bench.sink.recipients.sorted() == ["anne@mail.example", "bob@mail.example"])
            await mailer.relay.shutdown()
        }
    }

    @Test func aStoppedWorkspaceSendsNothingUntilItIsLetGoOn() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne", "bob"])
            try await bench.plan("receipt", to: ["anne", "bob"])
            let mailer = try await bench.mailer()
            let claimed = try await mailer.claim([bench.contact("anne")])
            let entry = KillSwitches.Entry(
                workspace: bench.workspace, at: Bench.start, author: "test", reason: "a wrong price")
            let isNews = try await bench.database.pool.withTransaction { try KillSwitches.turnOn(entry, in: $0) }
            #expect(isNews)
            await mailer.room.send(claimed)
            #expect(bench.sink.mails.isEmpty, "what was claimed before is not handed over")
            try await mailer.send(["anne", "bob"].map(bench.contact))
            #expect(bench.sink.mails.isEmpty)
            #expect(try await bench.messages() == ["receipt planned", "receipt planned"])
            #expect(
                try await bench.texts("select distinct reasons::text from messages")
                    == ["\(Reasons.workspaceStopped.rawValue)"])
            let released = try await bench.database.pool.withTransaction { session in
                #expect(try KillSwitches.turnOff(bench.workspace, in: session))
                let held = try KillSwitches.held(
                    reasons: Reasons.workspaceStopped.rawValue, in: bench.workspace, session: session)
                return try Pauses.release(
                    held, .send, spread: Pauses.Spread(start: Bench.start, length: .zero), in: bench.workspace,
                    session: session)
            }
            #expect(released == 2)
            try await mailer.send(["anne", "bob"].map(bench.contact))
            #expect(try await bench.messages() == ["receipt accepted", "receipt accepted"])
            await mailer.relay.shutdown()
        }
    }
}

/// How the pace of mails follows what sites and people make of them.
@Suite struct PaceFeedbackTests {
    private static let busy: @Sendable (MailSink.Moment) -> MailSink.Answer? = {
        guard case .recipient(let who) = $0, who.hasSuffix("@slow.example"), !who.hasPrefix("first@") else {
            return nil
        }
        return .reply("451 4.7.28 too many")
    }

    @Test func aSiteThatPutsMailsOffIsSlowedDownAndOthersAreNot() async throws {
        try await Bench.with(Self.busy) { bench in
            let (slow, fast) = ((0..<5).map { "s\($0)" }, ["f0", "f1"])
            try await bench.know(["first"] + slow, at: "slow.example")
            try await bench.know(fast)
            let mailer = try await bench.mailer()
            // One is taken and five are put off: the sixth of the minute is the fifth on end, however they are recorded.
            for batch in [["first"], slow] {
                try await bench.plan("receipt", to: batch)
                try await mailer.send(batch.map(bench.contact))
            }
            #expect(
                try await bench.texts("select bucket || ' ' || lowered || ' ' || per_minute from send_quota") == [
                    "back-off slow.example 500 6"
                ])
            // What was put off comes again: it waits in line, and what goes elsewhere does not.
            bench.machine.advance(.hours(1))
            try await bench.pass(.minutes(2))
            try await bench.plan("receipt", to: fast)
            try await mailer.send((slow + fast).map(bench.contact))
            #expect(bench.sink.recipients.count == 3)
            #expect(
                try await bench.texts("select distinct line from messages where line is not null")
                    == ["transactional shop.example slow.example"])
            let tried = bench.sink.moments.count
            // Three a minute: at one of each twenty seconds.
            for second in Int64(0)..<60 {
                try await bench.pass(.minutes(2) + .seconds(second))
                try await mailer.sendLined()
            }
            #expect(bench.sink.moments.count - tried == 3)
            #expect(try await bench.texts("select lowered::text from send_quota") == ["500"], "three are not five")
            // A quarter of an hour for each tenth: after five it is as before.
            try await bench.pass(.minutes(76))
            #expect(try await mailer.sendLined() == 2, "the others, all at once")
            await mailer.relay.shutdown()
        }
    }

    @Test func aReplyOf421CountsAsWell() async throws {
        let closing: @Sendable (MailSink.Moment) -> MailSink.Answer? = {
            if case .recipient = $0 { .reply("421 4.3.2 come back later") } else { nil }
        }
        try await Bench.with(closing) { bench in
            let users = (0..<5).map { "u\($0)" }
            try await bench.know(users)
            try await bench.plan("receipt", to: users)
            let mailer = try await bench.mailer(connections: 1)
            for _ in 0..<12 {
                try await mailer.send(users.map(bench.contact))
                bench.machine.advance(.seconds(2))
                try await bench.change("update messages set look_at = \(bench.machine.now), retry_at = null")
            }
            #expect(try await bench.texts("select lowered::text from send_quota") == ["500"])
            await mailer.relay.shutdown()
        }
    }

    private static func score(_ bench: Bench, _ points: [String: Int64]) async throws {
        try await bench.database.pool.withTransaction { session in
            for (user, amount) in points {
                let contact = bench.contact(user)
                try session.execute(
                    """
                    insert into scores (workspace_id, contact_id, model, epoch, amount)
                    values (\(contact.workspace), \(contact.contact), 'engagement', 0, \(amount << 20))
                    """)
            }
        }
    }

    @Test func aWarmUpLetsTheMostEngagedGoFirstAndDoublesEachDayThatWasGood() async throws {
        try await Bench.with { bench in
            let scores = "scores:\n  - {score: engagement, points: [{event: Email Clicked, points: 1}]}\n"
            try await bench.apply(
                "pace: [{domain: shop.example, warm_up: {from: 2, to: 8}}]\n", ["scores.yaml": scores])
            let users = (0..<9).map { "u\($0)" }
            try await bench.know(users)
            try await Self.score(bench, ["u7": 9, "u3": 5, "u5": 4, "u1": 3])
            try await bench.plan("offer", to: users, topic: "offers")
            let mailer = try await bench.mailer()
            try await mailer.send(users.map(bench.contact))
            #expect(try await mailer.sendLined() == 2)
            #expect(Set(bench.sink.recipients) == ["u7@mail.example", "u3@mail.example"])
            try await bench.plan("receipt", to: ["u0"])
            try await mailer.send([bench.contact("u0")])
            #expect(bench.sink.mails.count == 3, "transactional mail is not held back")
            try await bench.pass(.hours(12))
            #expect(try await mailer.sendLined() == 0)
            try await bench.pass(.days(1))
            #expect(try await mailer.sendLined() == 4)
            #expect(bench.sink.recipients.contains("u5@mail.example"))
            // A complaint: 0.1 % of so few is none.
            try await bench.change("update send_quota set complaints = 1 where step = 1")
            try await bench.pass(.days(2))
            #expect(try await mailer.sendLined() == 3)
            #expect(try await bench.texts("select step || ' ' || sent from send_quota") == ["1 3"], "no step further")
            #expect(try await bench.messages().filter { $0 == "offer accepted" }.count == 9, "none is dropped")
            await mailer.relay.shutdown()
        }
    }
}
