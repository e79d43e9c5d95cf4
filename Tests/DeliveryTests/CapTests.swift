@testable import Delivery
import Model
import Postgres
import SMTP
import SendGate
import Store
import TestSupport
import Testing

/// Caps and quiet hours hold under any number of mailers.
@Suite struct CapTests {
    /// Makes definitions live that differ in their settings.
    private static func apply(_ settings: String, _ bench: Bench) async throws {
        var files = Shop.files
        files["workspace.yaml"]! += "\n\(settings)\n"
        let shop = files
        try await bench.database.pool.withTransaction { session in
            let entry = try WorkspaceRegister.lock("shop", now: Bench.start, in: session)
            _ = try Definitions.store(files: shop, for: entry, by: "test", now: Bench.start, in: session)
        }
    }

    private static func set(_ clock: Timestamp, _ bench: Bench) async throws {
        _ = try await bench.database.pool.withTransaction { try $0.execute("update clock set at = \(clock)") }
    }

    private static let users = (0..<12).map { "user\($0)" }

    /// Each mailer finds one of the messages by itself, and all of them at once.
    @Test(.timeLimit(.minutes(10)), arguments: [2, 6])
    func ofAllThatMailersClaimAtOnceOneMessageGoes(mailerCount: Int) async throws {
        try await Bench.with { bench in
            try await Self.apply("frequency_caps: [{at_most: 1, within: 1d}]", bench)
            try await bench.know(Self.users)
            var planned: [Message] = []
            for copy in 0..<mailerCount {
                planned += try await bench.plan(
                    "offer", to: Self.users, topic: "offers", step: "offer \(copy)")
            }
            let messages = planned
            var mailers: [Bench.Mailer] = []
            for _ in 0..<mailerCount { mailers.append(try await bench.mailer()) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (place, mailer) in mailers.enumerated() {
                    let own = messages.filter { $0.step == "offer \(place)" }
                    for message in place % 2 == 0 ? own : own.reversed() {
                        group.addTask {
                            let batch = try await mailer.desk.claim(
                                [message.contact], withTopic: true, only: message.id)
                            await mailer.room.send(batch)
                        }
                    }
                }
                try await group.waitForAll()
            }
            for mailer in mailers { await mailer.relay.shutdown() }
            #expect(bench.sink.recipients.sorted() == Self.users.map { "\($0)@mail.example" }.sorted())
            let states = try await bench.messages()
            #expect(states.count { $0.hasSuffix("accepted") } == Self.users.count)
            #expect(states.count { $0.hasSuffix("skipped") } == Self.users.count * (mailerCount - 1))
            let reasons = try await bench.texts("select distinct reasons::text from messages where state = 'skipped'")
            #expect(reasons == ["\(Reasons.capped.rawValue)"])
        }
    }

    @Test func ofOneBatchOnlyAsManyGoAsACapAllowsAndTransactionalOnesAllTheSame() async throws {
        try await Bench.with { bench in
            try await Self.apply("frequency_caps: [{at_most: 1, within: 1d}]", bench)
            try await bench.know(["anne"])
            for template in ["news", "offer"] { try await bench.plan(template, to: ["anne"], topic: "offers") }
            try await bench.plan("receipt", to: ["anne"])
            try await bench.send(to: "anne")
            #expect(try await bench.messages() == ["news accepted", "offer skipped", "receipt accepted"])
        }
    }

    @Test func whatFilledTheCapIsStoredWithTheMessage() async throws {
        try await Bench.with { bench in
            try await Self.apply("frequency_caps: [{at_most: 1, within: 1d}, {at_most: 9, within: 7d}]", bench)
            try await bench.know(["anne"])
            for template in ["news", "offer"] { try await bench.plan(template, to: ["anne"], topic: "offers") }
            try await bench.send(to: "anne")
            #expect(try await bench.messages() == ["news accepted", "offer skipped"])
            let caps = try await bench.texts(
                """
                select concat_ws(' ', c ->> 'at_most', c ->> 'within', c ->> 'count', c #>> '{had,0,mail}')
                from messages, jsonb_array_elements(saw -> 'caps') c where template = 'offer'
                """)
            #expect(caps == ["1 1d 1 welcome/news"])
            #expect(try await bench.texts("select template from messages where saw is not null") == ["offer"])
        }
    }

    @Test func whoeverIsHeldOutGetsWhatIsOwedAndNoMarketing() async throws {
        try await Bench.with { bench in
            try await Self.apply("hold_out: {share: 50%}", bench)
            try await bench.know(Self.users)
            try await bench.plan("offer", to: Self.users, topic: "offers")
            try await bench.plan("receipt", to: Self.users)
            let mailer = try await bench.mailer()
            try await mailer.send(Self.users.map(bench.contact))
            await mailer.relay.shutdown()
            let holdOut = HoldOut(share: 5_000, of: "shop")
            let heldOut = Self.users.filter { holdOut.holds(bench.contact($0).contact) }
            #expect(!heldOut.isEmpty && heldOut.count < Self.users.count)
            let states = try await bench.messages()
            #expect(states.count { $0 == "receipt accepted" } == Self.users.count)
            let skipped = try await bench.texts(
                """
                select c.attributes ->> 'name' from messages m join contacts c using (workspace_id, contact_id)
                where m.state = 'skipped' and m.reasons = \(Int32(Reasons.heldOut.rawValue)) order by 1
                """)
            #expect(skipped == heldOut.sorted())
            #expect(states.count { $0 == "offer accepted" } == Self.users.count - heldOut.count)
        }
    }

    /// A mailer of an older build, while newer definitions are live.
    @Test func whereTheLiveDefinitionsCannotBeReadThoseOfTheMessageCap() async throws {
        try await Bench.with { bench in
            try await Self.apply("frequency_caps: [{at_most: 1, within: 1d}]", bench)
            try await bench.know(["anne"])
            for template in ["news", "offer"] {
                try await bench.plan(template, to: ["anne"], topic: "offers", revision: 2)
            }
            try await Self.apply("no_such_key: 7", bench)
            for _ in 0..<2 { try await bench.send(to: "anne") }
            #expect(try await bench.messages() == ["news accepted", "offer skipped"])
        }
    }

    @Test func whatFailedForGoodCountsForNothing() async throws {
        try await Bench.with { bench in
            try await Self.apply("frequency_caps: [{at_most: 1, within: 1d}]", bench)
            try await bench.know(["anne"])
            try await bench.plan("no such template", to: ["anne"], topic: "offers")
            try await bench.send(to: "anne")
            #expect(try await bench.messages() == ["no such template refused"])
            try await bench.plan("offer", to: ["anne"], topic: "offers")
            try await bench.send(to: "anne")
            #expect(try await bench.messages() == ["no such template refused", "offer accepted"])
        }
    }

    @Test func atNightAMailIsHeldAndInTheMorningItGoes() async throws {
        try await Bench.with { bench in
            // It is ten in the morning in Amsterdam.
            try await Self.apply("quiet_hours: {from: \"09:00\", until: \"11:30\"}", bench)
            try await bench.know(["anne"])
            try await bench.plan("offer", to: ["anne"], topic: "offers")
            try await bench.send(to: "anne")
            #expect(bench.sink.mails.isEmpty)
            let end = Bench.start + .minutes(90)
            #expect(
                try await bench.texts("select reasons::text from messages where due_at = \(end)")
                    == ["\(Reasons.quietHours.rawValue)"])
            #expect(try await bench.bells() == 0)
            try await Self.set(end, bench)
            try await bench.send(to: "anne")
            #expect(try await bench.messages() == ["offer accepted"])
        }
    }

    @Test func aMailThatWasClaimedBeforeTheNightIsNotHandedInIt() async throws {
        try await Bench.with { bench in
            try await Self.apply("quiet_hours: {from: \"10:30\", until: \"11:30\"}", bench)
            try await bench.know(["anne"])
            try await bench.plan("offer", to: ["anne"], topic: "offers")
            let mailer = try await bench.mailer()
            let batch = try await mailer.claim([bench.contact("anne")])
            #expect(batch.messages.count == 1)
            try await Self.set(Bench.start + .minutes(30), bench)
            await mailer.room.send(batch)
            #expect(bench.sink.mails.isEmpty)
            try await mailer.send([bench.contact("anne")])
            await mailer.relay.shutdown()
            #expect(
                try await bench.texts("select state from messages where due_at = \(Bench.start + .minutes(90))")
                    == ["planned"])
        }
    }

    @Test func aHeldMailDoesNotGoOnceItsRunHasEnded() async throws {
        try await Bench.with { bench in
            try await Self.apply("quiet_hours: {from: \"09:00\", until: \"11:30\"}", bench)
            try await bench.know(["anne"])
            try await bench.plan("offer", to: ["anne"], topic: "offers")
            try await bench.send(to: "anne")
            _ = try await bench.database.pool.withTransaction { session in
                try session.execute("update runs set ended_at = \(Bench.start), outcome = 'converted'")
            }
            try await Self.set(Bench.start + .minutes(90), bench)
            try await bench.send(to: "anne")
            #expect(bench.sink.mails.isEmpty)
            #expect(
                try await bench.texts("select reasons::text from messages where state = 'skipped'")
                    == ["\(Reasons.journeyEnded.rawValue)"])
        }
    }
}
