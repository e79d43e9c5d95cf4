import Expressions
import JourneyProgram
import Model
import Simulation
import Testing
import Workspaces

/// A throttle among people, and for one alone.
struct ThrottleTests {
    private static let start = Timestamp(iso8601: "2026-03-02T00:00:00Z")!

    private static func workspace(_ throttle: String) throws -> Workspace {
        var files = Shop.files
        files["journeys/tour.yaml"] = """
            journey: tour
            enter: {event: Tour Asked, key: event.id, again: per-key\(throttle)}
            steps: [{email: docs}]
            """
        let loaded = Workspace.load(files: files)
        return try #require(loaded.workspace, "\(loaded.findings)")
    }

    /// By person and journey, when runs entered and when their mails went.
    private static func play(_ throttle: String) throws -> (entered: [Timestamp], sent: [Timestamp], orders: [[Int]]) {
        let workspace = try workspace(throttle)
        let end = start + .days(60)
        let people = Crowd(workspace, seed: 4, from: start, for: .days(2))
        var (entered, sent): ([(Timestamp, Int)], [(Timestamp, Int)]) = ([], [])
        var person = 0
        CrowdPlay(Simulator(workspace, journeys: ["tour"]), people: people, count: 120, from: start, until: end).play {
            story in
            for line in story where line.journey == "tour" {
                switch line.what {
                case .started: entered.append((line.at, person))
                case .sent: sent.append((line.at, person))
                default: break
                }
            }
            person += 1
        }
        func sorted(_ list: [(Timestamp, Int)]) -> [(Timestamp, Int)] { list.sorted { ($0.0, $0.1) < ($1.0, $1.1) } }
        return (
            sorted(entered).map(\.0), sorted(sent).map(\.0), [sorted(entered).map(\.1), sorted(sent).map(\.1)]
        )
    }

    @Test func aCrowdWaitsForItsTurnsFirstComeFirstServed() throws {
        let free = try Self.play("")
        #expect(free.sent == free.entered && free.sent.count > 40)
        let held = try Self.play(", throttle: {per_hour: 2}")
        #expect(held.entered == free.entered && held.sent.count == free.sent.count)
        // An independent count: each half an hour behind the one before, or at once.
        var expected: [Timestamp] = []
        for time in free.entered { expected.append(max(time, expected.last.map { $0 + .minutes(30) } ?? time)) }
        #expect(held.sent == expected)
        #expect(held.orders[0] == held.orders[1])
        #expect(held.sent != free.sent)
    }

    @Test func oneAloneWaitsBehindHerself() throws {
        let workspace = try Self.workspace(", throttle: {per_hour: 2}, late: {after: 45m}")
        let text = """
            test: three tours at once
            start: 2026-03-02T10:00
            contact: {email: anne@example.com}
            events: [{at: 0d, track: Tour Asked}, {at: 1m, track: Tour Asked}, {at: 2m, track: Tour Asked}]
            expect:
              - {at: 0d, email: docs}
              - {at: 1m, waits_until: 30m}
              - {at: 30m, email: docs}
              - {at: 2m, waits_until: 1h}
              - {at: 1h, ends: exit}
            """
        let (tests, findings) = workspace.tests(in: ["tests/a.yaml": text])
        let test = try #require(tests.first, "\(findings)")
        let result = PreparedTest(test, in: Simulator(workspace, journeys: ["tour"])).run()
        #expect(result.passed, "\(result.faults) \(Shop.told(result))")
    }

    /// Who comes first is let in, until the cap is full; an independent count.
    @Test func aCrowdIsLetInUntilTheCapIsFull() throws {
        let free = try Self.play("")
        let capped = try Self.play(", cap: [{at_most: 5, within: 6h}, {at_most: 30}]")
        var expected: [Timestamp] = []
        for time in free.entered {
            let lately = expected.count { $0 + .hours(6) > time }
            if lately < 5, expected.count < 30 { expected.append(time) }
        }
        #expect(expected.count > 20 && expected.count < free.entered.count)
        #expect(capped.entered == expected && capped.sent == expected)
    }

    @Test func oneAloneIsTurnedAwayByHerOwnEntries() throws {
        let workspace = try Self.workspace(", cap: {at_most: 1, within: 1h}")
        let text = """
            test: three tours
            start: 2026-03-02T10:00
            contact: {email: anne@example.com}
            events: [{at: 0d, track: Tour Asked}, {at: 59m, track: Tour Asked}, {at: 1h, track: Tour Asked}]
            expect:
              - {at: 0d, email: docs}
              - {at: 59m, turned_away: tour}
              - {at: 1h, email: docs}
            never: [{turned_away: tour, after: 1h}]
            """
        let (tests, findings) = workspace.tests(in: ["tests/a.yaml": text])
        let test = try #require(tests.first, "\(findings)")
        let result = PreparedTest(test, in: Simulator(workspace, journeys: ["tour"])).run()
        #expect(result.passed, "\(result.faults) \(Shop.told(result))")
        #expect(Shop.told(result).contains { $0.contains("turned away by tour: its cap was full  (1 in 1h)") })
    }

    /// A broadcast goes to its members one by one, in the order of their ids; by their own clocks from their time on.
    @Test(arguments: [false, true]) func aCrowdGetsABroadcastAtItsPace(isLocal: Bool) throws {
        var files = Shop.files
        files["segments/readers.yaml"] = "segment: readers\nwhen: contact.email != \"\""
        files["journeys/news.yaml"] = """
            journey: news
            enter: {schedule: 2026-03-03T09:00, segment: readers, local: \(isLocal), throttle: {per_hour: 60}}
            steps: [{email: docs}]
            """
        let loaded = Workspace.load(files: files)
        let workspace = try #require(loaded.workspace, "\(loaded.findings)")
        let people = Crowd(workspace, seed: 4, from: Self.start, for: .days(1))
        var sent: [Timestamp] = []
        CrowdPlay(
            Simulator(workspace, journeys: ["news"]), people: people, count: 20, from: Self.start,
            until: Self.start + .days(9)
        ).play { story in
            sent += story.compactMap { line in if case .sent = line.what { line.at } else { nil } }
        }
        let nine = Timestamp(iso8601: "2026-03-03T08:00:00Z")!
        #expect(sent.sorted() == (0..<20).map { nine + .minutes($0) })
        #expect(isLocal || sent != sent.sorted())
    }
}
