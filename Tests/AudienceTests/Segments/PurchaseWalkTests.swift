import Contracts
import Foundation
import Messaging
import Model
import Postgres
import Store
import Testing
import TestSupport

@testable import Audience

/// The purchases of real customers, played day by day: who is in which segment equals, each day, what is counted from the
/// file by other means.
///
/// Every hundredth of the customers over the two years of the file; with `LOODS_TEST_WHOLE=1` every tenth.
@Suite(.enabled(if: Purchases.path != nil, "LOODS_TEST_DATA has no cdnow")) struct PurchaseWalkTests {
    private static let files: [String: String] = [
        "workspace.yaml": shopSettings(topics: ["offers": "Yes, send me offers"]),
        "segments/frequent.yaml": SegmentShop.segment("frequent", #"count("Order Completed", "60d") >= 2"#),
        "segments/big.yaml": SegmentShop.segment("big", #"sum("Order Completed", "revenue", "90d") > 60.0"#),
        "segments/recent.yaml": SegmentShop.segment("recent", #"did("Order Completed", "30d")"#),
        "segments/lapsed.yaml": SegmentShop.segment(
            "lapsed", #"did("Order Completed") && !did("Order Completed", "120d")"#),
        "segments/returned.yaml": SegmentShop.segment(
            "returned", #"last("Order Completed") != first("Order Completed")"#),
        "segments/saved.yaml": SegmentShop.segment("saved", #"in_segment("returned") && in_segment("recent")"#),
    ]

    @Test(.timeLimit(.minutes(10)))
    func eachDayEqualsWhatIsCountedFromTheFile() async throws {
        let purchases = try Purchases.read()
        try #require(purchases.byDay.count > 100)
        try await Bench.with(Self.files, startingAt: Purchases.start) { bench in
            let writer = AudienceWriter(worker: try await bench.worker())
            let reviewer = try await bench.reviewer()
            var (orders, looks, compared) = (0, 0, 0)
            for day in 0...Purchases.lastDay {
                let now = Purchases.start + .days(Int64(day))
                looks += try await bench.walkCounting(to: now, by: reviewer)
                let today = purchases.byDay[day] ?? []
                if !today.isEmpty {
                    let events = today.enumerated().map { number, purchase in
                        purchase.event(number, at: now, on: bench)
                    }
                    try await writer.apply(events[...], arriving: [], lane: .live)
                    orders += events.count
                }
                // At midnight, where windows end.
                guard day % 3 == 0 else { continue }
                let found = try await bench.memberships()
                let expected = Set(
                    purchases.memberships(on: day).map { segment, customer in
                        "\(segment) \(bench.contact(.user, customer).contact)"
                    })
                #expect(found == expected, "day \(day)")
                compared += 1
                if found != expected { return }
            }
            #expect(compared > 100)
            let flips = Int(try await bench.count("select count(*) from segment_moves"))
            #expect(orders + looks <= 3 * (orders + flips), "\(looks) looks for \(orders) orders and \(flips) flips")
            print("purchases: \(orders) orders, \(flips) flips, \(looks) wakes, \(compared) days compared")
        }
    }

    /// The count that the walk is held against is that of pandas, on each of its days.
    @Test(.enabled(if: Purchases.pandas != nil, "LOODS_TEST_PANDAS names no Python that has pandas"))
    func theCountFromTheFileIsThatOfPandas() async throws {
        let purchases = try Purchases.read()
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("purchases.py")
        let told = try await Program.check(
            [
                #require(Purchases.pandas), script.path, #require(Purchases.path), Purchases.suffix,
                "\(Purchases.lastDay)",
            ])
        let days = try JSONDecoder().decode([String: [String]].self, from: Data(told.utf8))
        #expect(days.count == 182)
        for (day, expected) in days {
            let counted = purchases.memberships(on: try #require(Int(day))).map { "\($0.segment) \($0.customer)" }
            #expect(counted.sorted() == expected.sorted(), "day \(day)")
        }
    }
}

extension Bench {
    /// - Returns: how many contacts were looked at on the way.
    fileprivate func walkCounting(to end: Timestamp, by reviewer: AudienceReviewer) async throws -> Int {
        var now = try await database.pool.withTransaction { try DomainClock.read(in: $0) }
        var looks = 0
        while now < end {
            let before = now
            let next = try await database.pool.withTransaction { try Quiet.nextDue(after: before, in: $0) }
            now = min(next ?? end, end)
            looks += try await advance(to: now, by: reviewer)
        }
        return looks
    }

    fileprivate func memberships() async throws -> Set<String> {
        Set(try await texts("select segment || ' ' || contact_id from segment_members"))
    }
}

/// The purchases as the file has them, by day since the first of January 1997.
private struct Purchases {
    struct Purchase {
        var customer: String
        var cents: Int

        func event(_ number: Int, at time: Timestamp, on bench: Bench) -> AcceptedEvent {
            let subject = Identity(.user, customer)
            let revenue = JSON.object(["revenue": .double(Double(cents) / 100)])
            return AcceptedEvent(
                workspace: bench.workspace, eventID: "\(number)", call: .track, subject: .identity(subject),
                name: "Order Completed", sentTime: time, at: time, receivedAt: time, trust: .server,
                properties: revenue.serialized)
        }
    }

    static let start = Timestamp(iso8601: "1997-01-01T00:00:00Z")!
    static let isWhole = ProcessInfo.processInfo.environment["LOODS_TEST_WHOLE"] == "1"

    /// What the numbers of the customers end in that are played.
    static var suffix: String { isWhole ? "7" : "77" }
    /// The end of June 1998, when the file does.
    static let lastDay = 545
    static let pandas = ProcessInfo.processInfo.environment["LOODS_TEST_PANDAS"]

    static var path: String? {
        guard let folder = ProcessInfo.processInfo.environment["LOODS_TEST_DATA"] else { return nil }
        let path = folder + "/cdnow/CDNOW_master.txt.gz"
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }

    private(set) var byDay: [Int: [Purchase]] = [:]
    private var byCustomer: [String: [(day: Int, cents: Int)]] = [:]

    static func read() throws -> Purchases {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/gzip")
        process.arguments = ["-dc", try #require(path)]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        var purchases = Purchases()
        for line in String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).dropFirst() {
            let fields = line.split(separator: " ")
            guard fields.count == 4, fields[0].hasSuffix(suffix) else { continue }
            purchases.add(String(fields[0]), fields[1], fields[3])
        }
        return purchases
    }

    private mutating func add(_ customer: String, _ date: Substring, _ dollars: Substring) {
        guard let number = Int(date), let cents = Int(dollars.filter { $0 != "." }) else { return }
        let text = "\(number / 10000)-\(Self.two(number / 100 % 100))-\(Self.two(number % 100))T00:00:00Z"
        guard let at = Timestamp(iso8601: text) else { return }
        let day = Int((at - Self.start).microseconds / Span.days(1).microseconds)
        byDay[day, default: []].append(Purchase(customer: customer, cents: cents))
        byCustomer[customer, default: []].append((day, cents))
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// Counted from the file: an order exactly as old as a window is out of it.
    func memberships(on day: Int) -> [(segment: String, customer: String)] {
        var memberships: [(segment: String, customer: String)] = []
        for (customer, all) in byCustomer {
            let past = all.filter { $0.day <= day }
            guard !past.isEmpty else { continue }
            func within(_ days: Int) -> [(day: Int, cents: Int)] { past.filter { $0.day > day - days } }
            let returned = Set(past.map(\.day)).count > 1
            let recent = !within(30).isEmpty
            let segments = [
                "frequent": within(60).count >= 2, "big": within(90).reduce(0) { $0 + $1.cents } > 6000,
                "recent": recent, "lapsed": within(120).isEmpty, "returned": returned, "saved": returned && recent,
            ]
            memberships += segments.filter(\.value).map { (segment: $0.key, customer: customer) }
        }
        return memberships
    }
}
