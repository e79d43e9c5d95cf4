import Foundation
import Laboratory
import Messaging
import Model
import Postgres
import Store
import Testing
import TestSupport

@Suite struct CommandLineImportTests {
    private static let orders = """
        id,day,"what, exactly",amount
        1,02.03.2026,"a ""good"" thing
        on two lines",11.77
        1,02.03.2026,plain,5
        2,03.03.2026,plain,
        3,31.02.2026,plain,1

        4,04.03.2026,plain,much
        5,05.03.2026,short
        1,02.03.2026,plain,5
        """
    private static let map = """
        event: Order Completed
        time: {column: day, format: dd.MM.yyyy, zone: Europe/Amsterdam}
        fields:
          userId: 'c-{{id}}'
          email: 'c-{{id}}@example.com'
          properties:
            what: what, exactly
            revenue: {column: amount, type: number}
            currency: {constant: EUR}
        """

    @Test func rowsOfATableBecomeEvents() async throws {
        try await Terminal.withServers { line, stage in
            try line.write(Self.orders, to: "orders.csv")
            try line.write(Self.map, to: "map.yaml")
            try await scoring(line) {
                let first = try await bring(line, "orders.csv")
                #expect(first["published"] as? Int == 4)
                // By the line on which the row begins, the one on two lines counted.
                let lines = (first["rejections"] as? [[String: Any]])?.map { $0["line"] as? Int }
                #expect(lines == [6, 8, 9])
                // Two equal rows are two events; the same file again is none.
                #expect(try await log(stage) == ["c-1 3 21.77", "c-2 1 0"])
                try await bring(line, "orders.csv")
                #expect(try await log(stage) == ["c-1 3 21.77", "c-2 1 0"])
            }
            let what = try await stage.database.pool.withConnection { session in
                try session.query(
                    "select properties ->> 'what' from event_log where at = '2026-03-01T23:00:00Z' order by event_id"
                ).map { try $0[0, as: String.self] }
            }
            #expect(what == ["a \"good\" thing\non two lines", "plain", "plain"])
            try await line("explain", "c-1@example.com")
            #expect(try await line("contacts", "count", "--json").object()["contacts"] as? Int == 2)
        }
    }

    @Test func packedAndPlainAreOneFile() async throws {
        try await Terminal.withServers { line, stage in
            let rows = (0..<2500).map { "\($0 % 700) 199701\($0 % 20 + 10)  1.5\r" }.joined(separator: "\n")
            try line.write(" id day amount\r\n" + rows, to: "rows.txt")
            try line.write(
                """
                delimiter: whitespace
                header: skip
                columns: [id, day, amount]
                event: Order Completed
                time: {column: day, format: yyyyMMdd}
                fields: {userId: id, properties: {revenue: {column: amount, type: number}}}
                """, to: "map.yaml")
            try await line.pack("rows.txt")
            try await scoring(line) {
                try await line(
                    "import", line.path("rows.txt"), "--map", line.path("map.yaml"), "--wait", "--batch", "97")
                try await line("import", line.path("rows.txt.gz"), "--map", line.path("map.yaml"), "--wait")
            }
            let (events, revenue) = try await stage.database.pool.withConnection { session in
                try session.query("select count(*), sum((properties ->> 'revenue')::float8) from event_log")[0].decode(
                    (Int64.self, Double.self))
            }
            #expect(events == 2500)
            #expect(revenue == 3750)
        }
    }

    @Test func linesOfJSONKeepTheirIdsAndTimes() async throws {
        try await Terminal.withServers { line, stage in
            try line.write(
                """
                {"type":"identify","userId":"anne","messageId":"m1","timestamp":"2026-03-01T10:00:00Z","traits":{"email":"Anne@shop.example"}}
                {"type":"track","event":"X"}
                nonsense
                {"type":"page","anonymousId":"a1","name":"Home","timestamp":"2026-03-01T09:00:00+02:00"}
                """, to: "events.jsonl")
            try await scoring(line) {
                let result = try await line("import", line.path("events.jsonl"), "--wait", "--json", exits: 1).object()
                #expect(result["published"] as? Int == 2)
                #expect(result["rejected"] as? Int == 2)
            }
            let rows = try await stage.database.pool.withConnection { session in
                try session.query("select name, event_id, at from event_log order by at").map {
                    try $0.decode((String.self, String.self, Timestamp.self))
                }
            }
            #expect(rows.map(\.0) == ["Page Viewed", "Identified"])
            #expect(
                rows.map(\.2) == [
                    Timestamp(iso8601: "2026-03-01T07:00:00Z"), Timestamp(iso8601: "2026-03-01T10:00:00Z"),
                ])
            #expect(rows[1].1 == "m1")
            for name in ["anne", "anne@shop.example"] {
                #expect(
                    try await line("contacts", "show", name, "--json").object()["email"] as? String
                        == "Anne@shop.example")
            }
            try await line("contacts", "show", "nobody", exits: 1)
        }
    }

    @Test func mapsSayWhereTheyAreWrong() async throws {
        try await Terminal.with { line in
            try line.write("a\n1\n", to: "x.csv")
            try line.write("event: X\nfields:\n  userId: a\n  shoe: b\n", to: "map.yaml")
            let fault = try await line("import", line.path("x.csv"), "--map", line.path("map.yaml"), exits: 64)
            #expect(fault.output.contains("map.yaml:4:3  unknown key \"shoe\""))
        }
    }

    /// Output that ends exactly where the room for it does has no more behind it.
    @Test(arguments: [262_144, 524_288]) func packedFilesOfAnySizeAreWhole(size: Int) async throws {
        try await Terminal.withServers { line, _ in
            let row = "{\"type\":\"track\",\"userId\":\"anne\",\"event\":\"X\",\"timestamp\":\"2026-03-01T10:00:00Z\"}"
            try line.write(row + String(repeating: "\n", count: size - row.utf8.count), to: "rows.jsonl")
            try await line.pack("rows.jsonl")
            let result = try await line("import", line.path("rows.jsonl.gz"), "--json").object()
            #expect(result["published"] as? Int == 1)
        }
    }

    @Test func timesWithoutAnOffsetAreInTheZoneOfTheMap() async throws {
        try await Terminal.withServers { line, stage in
            let times = [
                "2026-03-02T09:00", "2026-07-02 09:00:00.5", "2026-03-02", "2026-03-02T09:00:00Z",
                "2026-03-02T09:00+05:00",
            ]
            try line.write((["at"] + times).joined(separator: "\n"), to: "times.csv")
            let map =
                "event: X\nfields: {userId: {constant: anne}}\ntime: {column: at, format: FORMAT, zone: Europe/Amsterdam}"
            try line.write(map.replacing("FORMAT", with: "iso"), to: "map.yaml")
            try await scoring(line) {
                try await line("import", line.path("times.csv"), "--map", line.path("map.yaml"), "--wait")
            }
            let read = try await stage.database.pool.withConnection { session in
                try session.query("select at from event_log order by event_id").map { try $0[0, as: Timestamp.self] }
            }
            let expected = [
                "2026-03-02T08:00:00Z", "2026-07-02T07:00:00.500Z", "2026-03-01T23:00:00Z", "2026-03-02T09:00:00Z",
                "2026-03-02T04:00:00Z",
            ]
            #expect(read.map(\.description) == expected)
            try line.write(map.replacing("FORMAT", with: "unix"), to: "map.yaml")
            let refusal = try await line("import", line.path("times.csv"), "--map", line.path("map.yaml"), exits: 64)
            #expect(refusal.output.contains("\"zone\" means nothing to unix"))
        }
    }

    @Test func waitingSaysWhatWasSetAside() async throws {
        try await Terminal.withServers { line, stage in
            // What the store refuses for good is poison.
            try await stage.database.pool.withConnection { session in
                _ = try session.execute("alter table event_log add constraint no_poison check (name <> 'Poison')")
            }
            let rows = ["Order Completed", "Poison", "Order Completed", "Poison"].enumerated().map { row, name in
                """
                {"type":"track","userId":"u\(row)","event":"\(name)","messageId":"m\(row)","timestamp":"2026-03-01T10:00:00Z"}
                """
            }
            try line.write(rows.joined(separator: "\n"), to: "rows.jsonl")
            try await scoring(line) {
                let result = try await line("import", line.path("rows.jsonl"), "--wait", "--json", exits: 1).object()
                #expect(result["published"] as? Int == 4)
                #expect(result["set_aside"] as? Int == 2)
                let words = try await line("import", line.path("rows.jsonl"), "--wait", "--batch", "1", exits: 1)
                #expect(words.output.contains("2 events set aside: loods set-aside list"))
            }
        }
    }

    // MARK: Order

    /// The customers' orders stand in the file newest first, each in a body of its own, and are more than scoring takes
    /// at once.
    @Test(.timeLimit(.minutes(10)))
    func aFileOfNewestFirstEntersWithTheEarliest() async throws {
        try await Cluster.with(services: ["scoring", "scheduler", "mailer"], workspace: Shop.files) { cluster in
            try await Terminal.with { line in
                let orders = (11...50).flatMap { order in
                    (1...5).map { customer in
                        """
                        {"type":"track","userId":"u\(customer)","event":"Order Completed","messageId":"o\(order)-\(customer)",\
                        "timestamp":"2026-03-02T10:\(order):0\(customer)Z","properties":{"order_id":"\(order)"},\
                        "context":{"traits":{"email":"customer-\(customer)@example.com"}}}
                        """
                    }
                }
                try line.write(orders.reversed().joined(separator: "\n"), to: "orders.jsonl")
                _ = try await cluster.loods(
                    "import", line.path("orders.jsonl"), "--trigger", "--wait", "--batch", "1", "--sort-rows", "30")
            }
            let mails = try await eventually("every customer gets a receipt") {
                let mails = try cluster.mail.mails()
                return mails.count == 5 ? mails : nil
            }
            #expect(mails.allSatisfy { $0.text.contains("Subject: Your order 11\r\n") })
            #expect(
                try await cluster.count(
                    "select count(*) from runs where journey = 'first' and entry_at < '2026-03-02T10:12:00Z'") == 5)
            #expect(try await cluster.count("select count(*) from runs") == 5)
        }
    }

    @Test func sortingInFilesGivesTheSameOrderHoweverManyThereAre() async throws {
        try await Terminal.withServers { line, stage in
            // Pairs of one instant, told apart by their ids; and more files than are merged at once.
            let ids = (0..<700).map { "m\(1000 + $0)" }
            let rows = ids.enumerated().map { row, id in
                """
                {"type":"track","userId":"u","event":"X","messageId":"\(id)","timestamp":"2026-03-01T10:\(10 + row / 20):\(10 + row % 20 / 2)Z"}
                """
            }
            // 293 and 700 have no divisor in common: every row once, neighbours far apart.
            let mixed = rows.indices.map { rows[$0 * 293 % rows.count] }
            try line.write(mixed.joined(separator: "\n"), to: "rows.jsonl")
            try await line("import", line.path("rows.jsonl"), "--trigger", "--batch", "1", "--sort-rows", "1")
            let bodies = try await stage.broker.take(from: .events, lane: .bulk)
            let order = bodies.map { String(decoding: $0, as: UTF8.self).firstMatch(of: /m\d{4}/).map { String($0.0) } }
            #expect(order == ids)
        }
    }

    // MARK: What the tests share

    @discardableResult
    private func bring(_ line: Terminal, _ file: String) async throws -> [String: Any] {
        try await line(
            "import", line.path(file), "--map", line.path("map.yaml"), "--wait", "--json", exits: 1
        ).object()
    }

    private func scoring(_ line: Terminal, _ body: () async throws -> Void) async throws {
        let scoring = try ServiceProcess("scoring", environment: line.environment)
        try await scoring.waitUntilReady()
        try await body()
        #expect(try await scoring.terminate() == .status(0))
    }

    /// Per user the events and what they add up to.
    private func log(_ stage: TestStage) async throws -> [String] {
        try await stage.database.pool.withConnection { session in
            try session.query(
                """
                select i.value || ' ' || count(*) || ' ' || coalesce(sum((l.properties ->> 'revenue')::numeric), 0)
                from event_log l join identities i using (workspace_id, subject_id)
                group by i.value order by i.value
                """
            ).map { try $0[0, as: String.self] }
        }
    }
}
