import Expressions
import Model
import Testing
import Workspaces

/// Segments that ask where one number stands are answered together: as each would be by itself.
struct ThresholdLadderTests {
    private static let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
    private static let anne = ContactKey(workspace: WorkspaceID(rawValue: 7), contact: UniqueID(high: 1, low: 1))

    private static let scores = """
        scores:
          - {score: engagement, half_life: 2d, points: [{event: Page Viewed, points: 1}, {event: Cart Left, points: -2.5}]}
          - {score: lasting, points: [{event: Page Viewed, points: 1}]}
          - {score: ending, points: [{event: Page Viewed, points: 1, expires: 3d}, {event: Cart Left, points: -1}]}
        """

    /// Few numbers and many thresholds, some of them equal, and of the number itself.
    private static func condition(_ dice: inout Dice) -> String {
        let symbol = [">=", ">", "<", "<="][dice.roll(0...3)]
        return switch dice.roll(0...7) {
        case 0, 1: "count(\"Page Viewed\", \"\(dice.roll(1...2))d\") \(symbol) \(dice.roll(0...6))"
        case 2: "count(\"Page Viewed\") \(symbol) \(dice.roll(-1...6)).5"
        case 3, 4: "score(\"engagement\") \(symbol) \(dice.roll(-3...6)).\(dice.roll(0...9))"
        case 5: "score(\"lasting\") \(symbol) \(dice.roll(0...6))"
        case 6: "score(\"ending\") \(symbol) \(dice.roll(-2...6)).0"
        default: "did(\"Page Viewed\", \"1d\") || score(\"engagement\") \(symbol) \(dice.roll(0...6)).5"
        }
    }

    @Test(arguments: 0..<120) func togetherAsEachByItself(seed: UInt64) throws {
        var dice = Dice(seed: seed)
        var files = ["scores.yaml": Self.scores]
        for number in 0..<dice.roll(2...90) {
            files["segments/s-\(number).yaml"] = "segment: s-\(number)\nwhen: '\(Self.condition(&dice))'\n"
        }
        let loaded = Shop.load(files)
        let shop = try #require(loaded.workspace, "\(loaded.findings)")
        let events = (0..<dice.roll(0...8)).map { number in
            HistoryEvent(
                at: Self.start - .minutes(Int64(dice.roll(0...4_000))), eventID: "e\(number)",
                name: dice.roll(0...4) == 0 ? "Cart Left" : "Page Viewed")
        }
        let balances = try Dictionary(
            uniqueKeysWithValues: shop.scores.map { ($0.name, try ScoreBook($0, of: events).balance) })
        var facts = ContactFacts(shop, now: Self.start, balances: balances, history: History(events))
        let questions = SegmentQuestions(shop)
        let names = shop.segments.map(\.name).filter { _ in dice.roll(0...1) == 0 }
        var course = ContactCourse(
            Self.anne, shop, questions, facts: facts,
            book: SegmentBook(Self.anne, questions, revision: 1, names: names), asked: [])

        course.ask(questions.all, .event, at: Self.start)
        func standing() -> Set<String> { Set(shop.segments.filter { $0.holds(in: facts).holds }.map(\.name)) }
        #expect(course.book.names == standing())
        #expect(
            Set(course.book.entries.map(\.move.segment)) == standing().symmetricDifference(names),
            "only who moves is told of")
        let each = shop.segments.map { $0.holds(in: facts).validUntil }.min()
        #expect(course.book.steadyUntil == each)

        // As time goes on, from change to change.
        for _ in 0..<20 {
            guard let change = course.steadyUntil else { break }
            let before = standing()
            facts.now = change - Span(microseconds: 1)
            #expect(standing() == before, "nothing changes before it is said to")
            facts.now = change
            course.turnPage()
            course.facts.now = change
            course.ask(questions.timed, .time, at: change)
            #expect(course.book.names == standing())
        }
    }

    @Test func whoObjectsIsInNone() throws {
        var files = ["scores.yaml": Self.scores]
        for number in 0..<3 {
            files["segments/s-\(number).yaml"] = "segment: s-\(number)\nwhen: 'score(\"lasting\") < \(number + 1)'\n"
        }
        let shop = try #require(Shop.load(files).workspace)
        let questions = SegmentQuestions(shop)
        var book = SegmentBook(Self.anne, questions, revision: 1, names: ["s-1"])
        book.isClosed = true
        var course = ContactCourse(
            Self.anne, shop, questions, facts: ContactFacts(shop, now: Self.start), book: book, asked: [])
        course.ask(questions.all, .event, at: Self.start)
        #expect(course.book.names.isEmpty)
    }
}
