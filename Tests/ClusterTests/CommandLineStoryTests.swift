import Foundation
import Laboratory
import Messaging
import Model
import Postgres
import Store
import Testing
import TestSupport

@Suite struct CommandLineStoryTests {
    private static let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!

    @Test func explainTellsWhatHappenedAndWhy() async throws {
        try await Cluster.with(
            services: ["scoring", "scheduler", "mailer"], clock: .stepped(at: Self.start), workspace: Shop.files
        ) { cluster in
            try await Terminal.with { line in
                try line.write(
                    """
                    {"type":"track","userId":"anne","event":"Order Completed","messageId":"m1","timestamp":"2026-03-01T10:00:00Z","properties":{"order_id":"o-1"},"context":{"traits":{"email":"anne@shop.example"}}}
                    """, to: "events.jsonl")
                _ = try await cluster.loods("import", line.path("events.jsonl"), "--trigger", "--wait")
            }
            _ = try await cluster.loods("clock", "advance", "1d")
            let text = try await cluster.loods("explain", "anne@shop.example")
            #expect(text.contains("reached do, since did(\"Order Completed\"), with Order Completed"))
            #expect(text.contains("entered first, version 1, because Order Completed happened"))
            #expect(text.contains("first/receipt handed to the mail server for anne@shop.example, accepted"))
            #expect(text.contains("first/offer not sent: no consent for the topic at this address"))
            #expect(text.contains("left first: finished"))
            #expect(text.contains("nothing is under way"))
            let receipt = try await cluster.loods("explain", "anne", "first/receipt")
            #expect(receipt.contains("✓ transactional: it needs no consent"), "\(receipt)")
            let offer = try await cluster.loods("explain", "anne", "first/offer")
            #expect(
                offer.contains("not sent") && offer.contains("✗ no consent for the topic at this address"), "\(offer)")
            let whole = try await cluster.loods("explain", "anne", "first")
            #expect(whole.contains("entered first, version 1, because Order Completed happened"), "\(whole)")
            let standing = "was in it last from Mon 2 March 2026 10:00"
            #expect(whole.contains(standing) && !whole.contains("reached do"), "\(whole)")
            let basket = try await cluster.loods("explain", "anne", "basket")
            #expect(basket.contains("has not been in basket; it begins with Basket Left"), "\(basket)")
            let json = Data(try await cluster.loods("explain", "anne", "--json").utf8)
            let story = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
            let lines = try #require(story["story"] as? [[String: Any]])
            let stage = try #require(lines.last { $0["kind"] as? String == "stage" })
            #expect(
                stage["when"] as? String == "did(\"Order Completed\")" && stage["event"] as? String == "Order Completed"
            )
            let times = lines.compactMap { $0["at"] as? String }
            #expect(times.count == lines.count && times == times.sorted())
            #expect(Set(lines.compactMap { $0["kind"] as? String }) == ["event", "points", "stage", "run", "mail"])
            // As where a mail server puts it off until its lifetime ends.
            _ = try await cluster.texts(
                """
                update messages set state = 'expired', handed_at = null, reasons = 128, failure = 'transient',
                    reply = '451 4.3.2 not now' where step = 'receipt' returning state
                """)
            let end = "its time to be sent has passed, and the mail server put it off to the last (451 4.3.2 not now)"
            let told = try await cluster.loods("explain", "anne") + cluster.loods("explain", "anne", "first/receipt")
            #expect(told.split(separator: "not sent: \(end)").count == 3, "\(told)")
        }
    }

    @Test func aRealClockIsNotMoved() async throws {
        try await Terminal.withServers { line, _ in
            let refusal = try await line("clock", "advance", "1d", exits: 64)
            #expect(refusal.output.contains("real"))
        }
    }

    @Test func aSteppedClockGoesForwardOnly() async throws {
        try await Terminal.withServers(clock: .stepped(at: Self.start)) { line, stage in
            try await line("clock", "advance", "36h")
            try await line("clock", "until", "2026-03-01T00:00:00Z", exits: 64)
            let now = try await stage.database.pool.withConnection { try DomainClock.read(in: $0) }
            #expect(now == Timestamp(iso8601: "2026-03-03T21:00:00Z"))
        }
    }

    @Test func whatIsSetAsideGoesBackToItsQueue() async throws {
        try await Terminal.withServers { line, stage in
            let item = SetAside.Item(
                id: .derived("test", "one"), queue: "events", lane: "bulk", reason: "it is a test",
                body: Array("junk".utf8),
                attempts: 1, setAsideAt: Self.start)
            try await stage.database.pool.withTransaction { try SetAside.add([item], in: $0) }
            let listed = try await line("set-aside", "list")
            #expect(listed.output.contains("events bulk   it is a test"))
            let id = String(item.id.description.prefix(6))
            #expect(try await line("set-aside", "show", id, "--json").object()["bytes"] as? Int == 4)
            try await line("set-aside", "replay", id)
            #expect(try await stage.broker.take(from: .events, lane: .bulk) == [Array("junk".utf8)])
            #expect(try await line("set-aside", "list", "--json").json() as? [String] == [])
            let all = try await line("set-aside", "list", "--all", "--json").json()
            #expect((all as? [[String: Any]])?.first?["replayed_at"] is String)
            try await line("set-aside", "show", "zz", exits: 1)
            let status = try await line("status", "--json", exits: 1).object()
            #expect(status["set_aside"] as? Int == 0)
        }
    }

    /// Whatever ends the command between the mark and the broker's confirm, the body is in the outbox.
    @Test func aReplayThatTheBrokerDoesNotTakeIsSentLater() async throws {
        try await Terminal.withServers { line, stage in
            let item = SetAside.Item(
                id: .derived("test", "two"), queue: "events", lane: "bulk", reason: "it is a test",
                body: Array("junk".utf8), attempts: 1, setAsideAt: Self.start)
            try await stage.database.pool.withTransaction { try SetAside.add([item], in: $0) }
            let away = try await line(
                "set-aside", "replay", "--all", exits: 69, with: ["LOODS_AMQP_URL": "amqp://guest@127.0.0.1:1/"])
            #expect(away.output.contains("stands in the outbox"), "\(away.output)")
            #expect(try await line("set-aside", "list", "--json").json() as? [String] == [])
            let rows = try await stage.database.pool.withConnection { session in
                try session.query("select count(*) from outbox")[0][0, as: Int64.self]
            }
            #expect(rows == 1)
            // Any service sweeps; the scheduler takes nothing from this queue.
            let scheduler = try ServiceProcess("scheduler", environment: line.environment)
            try await eventually("the body is in its queue") {
                try await stage.broker.ready(in: .events, lane: .bulk) == 1
            }
            try await scheduler.terminate()
            #expect(try await stage.broker.take(from: .events, lane: .bulk) == [Array("junk".utf8)])
        }
    }

    @Test func anAddressIsFoundByItsIndex() async throws {
        try await Terminal.withServers { line, stage in
            try line.write(
                """
                {"type":"track","userId":"anne","event":"X","timestamp":"2026-03-01T10:00:00Z","context":{"traits":{"email":"Anne@Shop.Example"}}}
                """, to: "events.jsonl")
            let scoring = try ServiceProcess("scoring", environment: line.environment)
            try await scoring.waitUntilReady()
            try await line("import", line.path("events.jsonl"), "--wait")
            try await scoring.terminate()
            let (found, indexScans, tableScans) = try await stage.database.pool.withTransaction { session in
                let shop = try #require(try WorkspaceRegister.find("shop", in: session)).id
                // As the command has it: under row-level security.
                try Standing.workspace("shop").take(in: session)
                // In so small a table every plan is cheap; this one shows whether the index can serve.
                _ = try session.execute("set local enable_seqscan = off")
                let found = try ContactDirectory.find("anne@shop.example", in: shop, session: session)
                let scans = try session.query(
                    """
                    select pg_stat_get_xact_numscans('contacts_email'::regclass),
                        pg_stat_get_xact_numscans('contacts'::regclass)
                    """)[0]
                return (found.count, try scans[0, as: Int64.self], try scans[1, as: Int64.self])
            }
            #expect(found == 1)
            #expect(indexScans > 0 && tableScans == 0)
        }
    }
}
