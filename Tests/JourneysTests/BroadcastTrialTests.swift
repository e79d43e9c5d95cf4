@testable import Journeys
import Model
import Postgres
import Store
import TestSupport
import Testing

/// Tests within broadcasts on a real store: what wins is decided once.
@Suite struct BroadcastTrialTests {
    private static let entry = "{schedule: 2026-03-02T12:00, segment: readers}"
    private static let steps = steps(by: "Order Completed")
    private static let readers = (0..<40).map { "reader-\($0)" }

    private static func steps(by evidence: String) -> String {
        "[{test: news, share: 50%, variants: [thanks, offer], by: \(evidence), after: 4h}]"
    }

    private static func with(
        by evidence: String = "Order Completed", _ body: (Newsroom) async throws -> Void
    ) async throws {
        try await Newsroom.with(entry) { news in
            try await news.apply(entry, steps(by: evidence))
            try await news.join(readers)
            try await news.step(to: Newsroom.noon)
            try await news.walk()
            try await body(news)
        }
    }

    /// Whom a variant was tried on.
    private static func tried(_ variant: String, _ news: Newsroom) async throws -> [String] {
        let contacts = try await news.bench.texts(
            "select contact_id::text from messages where template = \(variant) and tested is not null")
        return readers.filter { contacts.contains(news.bench.contact($0).contact.description) }
    }

    private static func sent(_ news: Newsroom) async throws -> [String] {
        try await news.bench.texts(
            "select concat(template, ' ', count(*)) from messages where tested is null group by template")
    }

    private static func accept(_ news: Newsroom) async throws {
        try await news.bench.change(
            "update messages set state = 'accepted', handed_at = \(Newsroom.noon), final_at = \(Newsroom.noon), look_at = null"
        )
    }

    @Test func whatDoesBestGoesToTheOthers() async throws {
        try await Self.with { news in
            let (first, second) = (try await Self.tried("thanks", news), try await Self.tried("offer", news))
            #expect(first.count > 3 && second.count > 3)
            let rest = Self.readers.count - first.count - second.count
            #expect(rest > 3)
            try await Self.accept(news)
            for (place, user) in second.prefix(3).enumerated() {
                _ = try await news.bench.happens(
                    "Order Completed", "o\(place)", to: user, at: Newsroom.noon + .hours(1))
            }
            _ = try await news.bench.happens("Order Completed", "x", to: first[0], at: Newsroom.noon - .hours(1))
            try await news.bench.advance(to: Newsroom.noon + .hours(4) - .seconds(1))
            #expect(try await Self.sent(news) == [])
            try await news.bench.advance(to: Newsroom.noon + .hours(4))
            #expect(try await Self.sent(news) == ["offer \(rest)"])
            let result = try await news.bench.database.pool.withTransaction { session in
                try TestResults.recent(of: news.bench.workspace, limit: 9, in: session)
            }
            #expect(result.map(\.winner) == ["offer"])
            #expect(result.first?.scores.map(\.counted) == [0, 3])
            #expect(result.first?.scores.map(\.sent) == [Int64(first.count), Int64(second.count)])
            let choices = try await news.bench.texts(
                "select concat(choice, ' ', count(*)) from decisions where choice like 'winner%' group by choice")
            #expect(choices == ["winner offer \(rest)"])
        }
    }

    @Test func whatMachinesOpenAndClickDoesNotCount() async throws {
        try await Self.with(by: "clicks") { news in
            try await Self.accept(news)
            func clicks(_ variant: String, _ count: Int, by kind: String) async throws {
                for user in try await Self.tried(variant, news).prefix(count) {
                    let contact = news.bench.contact(user).contact
                    let message = try await news.bench.texts(
                        "select message_id::text from messages where contact_id = \(contact)")[0]
                    let told: JSON = .object(["message_id": .string(message), "kind": .string(kind)])
                    _ = try await news.bench.happens(
                        EventNames.emailClicked, "\(kind)-\(message)", to: user, at: Newsroom.noon + .hours(1), told)
                }
            }
            try await clicks("thanks", 3, by: "scanner")
            try await clicks("offer", 1, by: "human")
            try await news.bench.advance(to: Newsroom.noon + .hours(4))
            #expect(try await news.bench.texts("select winner from test_results") == ["offer"])
        }
    }

    /// By the contacts' own clocks what does best all over the world goes to the others at that hour, a day later or two.
    @Test func byTheContactsOwnClocksItIsDecidedOnceAllHaveHadIt() async throws {
        let entry = "{schedule: 2026-03-03T09:00, segment: readers, local: true}"
        try await Newsroom.with(entry) { news in
            try await news.apply(entry, Self.steps)
            let zones = ["Pacific/Kiritimati", "Europe/Amsterdam", "America/New_York"]
            for (place, zone) in zones.enumerated() {
                try await news.join(Self.readers.filter { Int($0.dropFirst(7))! % 3 == place }, zone: zone)
            }
            let opening = Timestamp(iso8601: "2026-03-02T19:00:00Z")!
            try await news.step(to: opening)
            try await news.walk()
            let decided = opening + .hours(26 + 4)
            let york = Timestamp(iso8601: "2026-03-03T14:00:00Z")!
            try await news.bench.advance(to: york)
            try await Self.accept(news)
            let tried = Int(try await news.bench.texts("select count(*)::text from messages")[0]) ?? -1
            #expect(tried > 8 && tried < 32)
            // Only the last to have had it answers, in New York.
            let second = try await Self.tried("offer", news).filter { Int($0.dropFirst(7))! % 3 == 2 }
            _ = try await news.bench.happens(
                "Order Completed", "o", to: try #require(second.first), at: york + .hours(1))
            try await news.bench.advance(to: decided - .seconds(1))
            #expect(try await Self.sent(news) == [])
            for (time, reader) in [
                ("2026-03-04T09:00:00+01:00", 1), ("2026-03-04T09:00:00-05:00", 2), ("2026-03-05T09:00:00+14:00", 0),
            ] {
                try await news.bench.advance(to: Timestamp(iso8601: time)!)
                let rest = try await news.bench.texts(
                    "select contact_id::text from messages where tested is null and template = 'offer'")
                let had = Self.readers.filter { rest.contains(news.bench.contact($0).contact.description) }
                #expect(Set(had.map { Int($0.dropFirst(7))! % 3 }).contains(reader), "\(time)")
            }
            let all = try await news.bench.texts("select count(*)::text from messages where journey = 'news'")
            #expect(all == ["\(Self.readers.count)"])
            #expect(try await news.bench.texts("select winner from test_results") == ["offer"])
        }
    }

    @Test func withoutAnyDataTheFirstWins() async throws {
        try await Self.with { news in
            try await news.bench.advance(to: Newsroom.noon + .hours(4))
            #expect(try await Self.sent(news).allSatisfy { $0.hasPrefix("thanks ") })
        }
    }

    /// Schedulers that come at the same time decide one thing, also while what they count by is changing.
    @Test(.timeLimit(.minutes(10))) func ofSchedulersThatDecideAtOnceOneDecides() async throws {
        try await Self.with { news in
            try await Self.accept(news)
            let tried = try await Self.tried("offer", news) + Self.tried("thanks", news)
            var schedulers: [JourneyWriter] = []
            for _ in 0..<4 { schedulers.append(try await news.bench.scheduler()) }
            try await news.step(to: Newsroom.noon + .hours(4))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for scheduler in schedulers {
                    group.addTask { while try await scheduler.fireTimers(page: 2) > 0 {} }
                }
                group.addTask {
                    for user in tried {
                        _ = try await news.bench.happens(
                            "Order Completed", "o", to: user, at: Newsroom.noon + .hours(1))
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await news.bench.texts("select winner from test_results").count == 1)
            let winner = try await news.bench.texts("select winner from test_results")[0]
            let sent = try await news.bench.texts("select distinct template from messages where tested is null")
            #expect(sent == [winner])
            let runs = try await news.bench.texts("select count(*)::text from messages where journey = 'news'")
            #expect(runs == ["\(Self.readers.count)"])
        }
    }

    /// While time goes on, timers wait for nobody who decides: the runs look again a second later.
    @Test func oneLoopDecidesForAll() async throws {
        try await Self.with { news in
            let pool = try news.bench.database.pool(connections: 1, as: "scheduler")
            let writer = JourneyWriter(worker: try await Bench.worker(on: pool, .real), desk: TestDesk())
            try await news.step(to: Newsroom.noon + .hours(4))
            while try await writer.fireTimers() > 0 {}
            #expect(try await news.bench.texts("select winner from test_results") == [])
            #expect(try await Self.sent(news) == [])
            await writer.decideTests()
            #expect(try await news.bench.texts("select winner from test_results") == ["thanks"])
            try await news.step(to: Newsroom.noon + .hours(4) + .seconds(1))
            while try await writer.fireTimers() > 0 {}
            #expect(try await Self.sent(news).count == 1)
        }
    }

    /// Whoever finds that another decides leaves it to them.
    @Test func onlyOneDecidesAtATime() async throws {
        try await Self.with { news in
            let pool = try news.bench.database.pool(connections: 1, as: "scheduler")
            let writer = JourneyWriter(worker: try await Bench.worker(on: pool, .real))
            try await news.step(to: Newsroom.noon + .hours(4))
            let name = "\(news.bench.workspace.rawValue)/news/news/\(Newsroom.noon)"
            let other = try news.bench.database.pool(connections: 1, as: "scheduler")
            _ = try await other.withTransaction { session in
                try session.execute("select pg_advisory_lock(hashtextextended(\(name), 0))")
            }
            while try await writer.fireTimers() > 0 {}
            #expect(try await news.bench.texts("select winner from test_results") == [])
            _ = try await other.withTransaction { session in
                try session.execute("select pg_advisory_unlock(hashtextextended(\(name), 0))")
            }
            try await news.step(to: Newsroom.noon + .hours(4) + .seconds(1))
            _ = try await writer.fireTimers()
            #expect(try await news.bench.texts("select winner from test_results") == ["thanks"])
        }
    }

    @Test func aPausedBroadcastDecidesNothing() async throws {
        try await Self.with { news in
            let set = { (instant: Timestamp?) in
                try await news.bench.database.pool.withTransaction { session in
                    try Pauses.set("news", to: instant, in: news.bench.workspace, session: session)
                }
            }
            try await set(Newsroom.noon)
            try await news.bench.advance(to: Newsroom.noon + .hours(9))
            #expect(try await news.bench.texts("select winner from test_results") == [])
            #expect(try await Self.sent(news) == [])
            try await set(nil)
            let spread = Pauses.Spread(start: Newsroom.noon + .hours(9), length: .zero)
            _ = try await news.bench.database.pool.withTransaction { session in
                try Pauses.release(
                    "news", in: news.bench.workspace, after: nil, limit: 500, spread: spread, session: session)
            }
            _ = try await news.bench.journeys.fireTimers()
            #expect(try await news.bench.texts("select winner from test_results") == ["thanks"])
            #expect(try await Self.sent(news).count == 1)
        }
    }
}
