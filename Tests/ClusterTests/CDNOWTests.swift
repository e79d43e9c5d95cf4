import Foundation
import Laboratory
import Postgres
import Testing
import TestSupport

/// The purchases of real customers go through the whole cluster. What the store then holds and what was mailed is compared
/// with the file, which none of our own code reads here.
///
/// Every tenth of the 23,570 customers, so that all tests end in time; with `LOODS_TEST_WHOLE=1` every one.
@Suite(.enabled(if: PurchaseFile.path != nil, "LOODS_TEST_DATA has no cdnow")) struct CDNOWTests {
    private static let workspace: [String: String] = [
        "workspace.yaml": """
        workspace: cdnow
        time_zone: America/New_York
        sender: {name: CDNOW, address: orders@cdnow.example}
        address: CDNOW, Main Street 1, Fort Washington
        """,
        "journeys/first-order.yaml": """
        journey: first-order
        enter: {event: Order Completed, again: never}
        steps: [{email: first-order}]
        """,
        "journeys/second-order.yaml": """
        journey: second-order
        enter: {event: Order Completed, when: 'count("Order Completed") == 2', again: never}
        steps: [{email: second-order}]
        """,
        "emails/first-order/email.yaml": "subject: Your first order\nclass: transactional\n",
        "emails/first-order/body.txt.mustache": "Thank you for your first order.\n",
        "emails/second-order/email.yaml": "subject: Your second order\nclass: transactional\n",
        "emails/second-order/body.txt.mustache": "Thank you for coming back.\n",
    ]
    private static let map = """
        delimiter: whitespace
        header: skip
        columns: [customer_id, date, number_of_cds, dollar_value]
        event: Order Completed
        time: {column: date, format: yyyyMMdd}
        fields:
          userId: customer_id
          email: 'cdnow-{{customer_id}}@example.com'
          properties:
            revenue: {column: dollar_value, type: number}
            quantity: {column: number_of_cds, type: integer}
        """

    @Test(.timeLimit(.minutes(10)))
    func everyOrderCountsAndLeadsToItsMailsOnce() async throws {
        let whole = try await PurchaseFile.read()
        #expect(whole.orders == 69_659 && whole.customers.count == 23_570 && whole.returning.count == 11_662)
        #expect(whole.cents == 250_031_563)
        let file = PurchaseFile.isWhole ? whole : whole.everyTenth
        let mails = file.customers.count + file.returning.count
        let services = ["scoring", "scoring-2", "scheduler", "mailer", "mailer-2"]
        try await Cluster.with(services: services, workspace: Self.workspace) { cluster in
            try await Self.applyAgain(as: "second", cluster)
            try await Self.bring(file, cluster)
            try await Self.rest(cluster, events: file.orders + mails)
            try await Self.compareOrders(cluster, with: file)
            let holdings = try await Self.holdings(cluster)
            #expect(holdings == [file.orders + mails, file.customers.count, mails, mails, 0, 0, 0, 0])

            let known = try await Self.repeatedEvents(cluster)
            try await Self.bring(file, cluster)
            try await eventually("scoring has seen every order again") {
                try await Self.repeatedEvents(cluster) >= known + file.orders
            }
            #expect(try await Self.holdings(cluster) == holdings, "importing it again changes nothing")

            try Self.compareMails(cluster, with: file)
            let said = try await cluster.loods("contacts", "count", "--workspace", "cdnow")
            #expect(said.hasPrefix("\(file.customers.count.grouped) contacts\n"))
            #expect(try await cluster.loods("contacts", "count", "--workspace", "second") == "0 contacts\n")
        }
    }

    // MARK: What happens

    /// Another workspace with the same journeys: whatever it saw of the other's would be mailed twice.
    private static func applyAgain(as name: String, _ cluster: Cluster) async throws {
        try await Terminal.with { line in
            for (path, text) in workspace {
                try FileManager.default.createDirectory(
                    at: line.folder.appendingPathComponent(path).deletingLastPathComponent(),
                    withIntermediateDirectories: true)
                try line.write(text, to: path)
            }
            _ = try await cluster.loods("apply", "--yes", "--workspace", name, line.folder.path)
        }
    }

    /// Imports the purchases; their events are in the store then.
    private static func bring(_ file: PurchaseFile, _ cluster: Cluster) async throws {
        try await Terminal.with { line in
            try line.write(map, to: "map.yaml")
            try line.write(file.text, to: "purchases.txt")
            let servers = [
                "LOODS_DATABASE_URL": cluster.stage.database.url, "LOODS_AMQP_URL": cluster.stage.broker.url,
            ]
            let command = [
                "import", PurchaseFile.isWhole ? try #require(PurchaseFile.path) : line.path("purchases.txt"), "--map",
                line.path("map.yaml"), "--trigger", "--wait", "--workspace", "cdnow",
            ]
            let process = try ServiceProcess("loods", arguments: command, environment: servers)
            let exit = try await process.waitForExit()
            #expect(exit == .status(0), "\(process.output)")
            #expect(process.output.contains("\(file.orders.grouped) events published"), "\(process.output)")
        }
    }

    /// Waits until nothing is under way; each mail's outcome comes back as one more event.
    ///
    /// The small tables of what is open are asked first: counting all the while would hold up what is awaited.
    private static func rest(_ cluster: Cluster, events: Int) async throws {
        try await eventually("every mail is accepted and known to be", within: .seconds(240)) {
            try await cluster.count(
                """
                select case
                    when exists (select from claims) or exists (select from outbox)
                        or exists (select from runs where ended_at is null) then 0
                    else (select count(*) from event_log) end
                """) == events
        }
    }

    private static func repeatedEvents(_ cluster: Cluster) async throws -> Int {
        try await cluster.counter("loods_events_repeated_total", of: "scoring", "scoring-2")
    }

    // MARK: What must be true

    /// Events, contacts, finished runs, accepted messages; other runs, other messages, and what waits or failed.
    private static func holdings(_ cluster: Cluster) async throws -> [Int] {
        let queries: [Query] = [
            "select count(*) from event_log", "select count(*) from contacts",
            "select count(*) from runs where outcome = 'finished'",
            "select count(*) from messages where state = 'accepted'",
            "select count(*) from runs where outcome is distinct from 'finished'",
            "select count(*) from messages where state <> 'accepted'", "select count(*) from outbox",
            "select count(*) from set_aside",
        ]
        var counts: [Int] = []
        for query in queries { counts.append(try await cluster.count(query)) }
        return counts
    }

    /// Per customer as many orders as in the file, and their revenue to the cent.
    private static func compareOrders(_ cluster: Cluster, with file: PurchaseFile) async throws {
        let (rows, revenue) = try await cluster.stage.database.pool.withConnection { session in
            let rows = try session.query(
                """
                select i.value, count(*), (sum((l.properties ->> 'revenue')::numeric) * 100)::bigint
                from event_log l join identities i using (workspace_id, subject_id)
                where l.name = 'Order Completed' and i.kind = 'user'
                group by i.value
                """
            ).map { try $0.decode((String.self, Int64.self, Int64.self)) }
            let revenue = try session.query(
                "select sum((properties ->> 'revenue')::numeric)::text from event_log where name = 'Order Completed'")
            return (rows, try revenue[0][0, as: String?.self])
        }
        #expect(revenue?.filter { $0 != "." } == "\(file.cents)")
        let stored = rows.reduce(into: [:]) { stored, row in
            stored[row.0] = PurchaseFile.Orders(count: Int(row.1), cents: Int(row.2))
        }
        #expect(stored.count == rows.count && rows.count == file.customers.count)
        let wrong = file.customers.filter { stored[$0.key] != $0.value }.keys.sorted()
        #expect(wrong.prefix(10) == [], "of \(wrong.count) customers the store holds something else")
    }

    /// By the mail server's own files, everybody has had one mail for the first order, and whoever came back one for
    /// the second.
    private static func compareMails(_ cluster: Cluster, with file: PurchaseFile) throws {
        var caught: [String: [String: Int]] = [:]
        for mail in try cluster.mail.mails() { caught[String(mail.subject), default: [:]][mail.to, default: 0] += 1 }
        #expect(caught.keys.sorted() == ["Your first order", "Your second order"])
        let due = [
            ("Your first order", Set(file.customers.keys)), ("Your second order", file.returning),
        ]
        for (subject, customers) in due {
            let mails = caught[subject] ?? [:]
            #expect(mails.values.reduce(0, +) == customers.count, "\(subject)")
            let twice = mails.filter { $0.value > 1 }.keys.sorted()
            #expect(twice.prefix(10) == [], "\(subject): \(twice.count) addresses were mailed more than once")
            let wrong = Set(customers.map { "cdnow-\($0)@example.com" }).symmetricDifference(mails.keys).sorted()
            #expect(wrong.prefix(10) == [], "\(subject): \(wrong.count) addresses are missing, or not to be mailed")
        }
    }
}

/// The purchases as the file has them: a header, then lines of customer, day, number of CDs and dollars.
struct PurchaseFile {
    struct Orders: Hashable {
        var count = 0
        var cents = 0
    }

    static var path: String? {
        guard let folder = ProcessInfo.processInfo.environment["LOODS_TEST_DATA"] else { return nil }
        let path = folder + "/cdnow/CDNOW_master.txt.gz"
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }

    static let isWhole = ProcessInfo.processInfo.environment["LOODS_TEST_WHOLE"] == "1"

    private(set) var customers: [String: Orders] = [:]
    /// The lines, without the header.
    private var lines: [(customer: String, text: String)] = []

    var text: String { "ID DATE CDS DOLLARS\n" + lines.map { $0.text + "\n" }.joined() }

    var everyTenth: PurchaseFile {
        var file = self
        func isMeant(_ customer: String) -> Bool { customer.hasSuffix("7") }
        file.customers = customers.filter { isMeant($0.key) }
        file.lines = lines.filter { isMeant($0.customer) }
        return file
    }

    var orders: Int { customers.values.reduce(0) { $0 + $1.count } }
    var cents: Int { customers.values.reduce(0) { $0 + $1.cents } }
    /// Customers with two orders or more.
    var returning: Set<String> { Set(customers.filter { $0.value.count >= 2 }.keys) }

    static func read() async throws -> PurchaseFile {
        let plain = try await SystemProgram.run("gzip", "-dc", #require(path), seconds: 240)
        try #require(plain.status == 0, "\(plain.text.suffix(1000))")
        return try PurchaseFile(plain.output)
    }

    private init(_ bytes: [UInt8]) throws {
        for line in bytes.split(separator: UInt8(ascii: "\n")).dropFirst() {
            let (customer, cents) = try #require(Self.purchase(line), "\(String(decoding: line, as: UTF8.self))")
            lines.append((customer, String(decoding: line, as: UTF8.self)))
            customers[customer, default: Orders()].count += 1
            customers[customer, default: Orders()].cents += cents
        }
    }

    private static func purchase(_ line: ArraySlice<UInt8>) -> (customer: String, cents: Int)? {
        let fields = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }
        guard fields.count == 4, fields[3].dropLast(2).last == UInt8(ascii: ".") else { return nil }
        let digits = fields[3].filter { $0 != UInt8(ascii: ".") }
        return Int(String(decoding: digits, as: UTF8.self)).map { (String(decoding: fields[0], as: UTF8.self), $0) }
    }
}

extension Int {
    /// With commas, as people write it.
    fileprivate var grouped: String {
        self < 1000 ? String(self) : "\((self / 1000).grouped),\(String(self % 1000 + 1000).dropFirst())"
    }
}
