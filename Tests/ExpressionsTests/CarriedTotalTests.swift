import Expressions
import Model
import Testing

/// What the log no longer has counts in questions about all of the past, and in no others.
@Suite struct CarriedTotalTests {
    private static let revenues = ["0.1", "0.2", "1e16", "-1e16", "33.3", "19.99", "7", "\"12\"", "1e-9"]

    private static let events = revenues.enumerated().map { index, revenue in
        HistoryEvent("Order", ago: .days(90 - Int64(index) * 10), id: "o\(index)", "{\"revenue\": \(revenue)}")
    }

    private static func carried(_ events: some Sequence<HistoryEvent>) -> [String: CarriedTotal] {
        events.reduce(into: [:]) { carried, event in
            let sums = event.properties["revenue"]?.number.map { ["revenue": ExactSum(parts: [$0])] } ?? [:]
            let total = CarriedTotal(count: 1, first: event.at, last: event.at, sums: sums)
            if carried[event.name]?.add(total) == nil { carried[event.name] = total }
        }
    }

    @Test(arguments: 0...revenues.count) func answersDoNotDependOnWhatHasLeft(count: Int) throws {
        let whole = World(history: History(Self.events))
        let history = History(Self.events[count...], carried: Self.carried(Self.events[..<count].shuffled()))
        for source in [
            "did('Order')", "count('Order')", "sum('Order', 'revenue')", "first('Order')", "last('Order')",
            "did('Nothing')", "count('Nothing')", "sum('Order', 'tax')",
        ] {
            #expect(try value(source, in: World(history: history)) == value(source, in: whole), "\(source)")
        }
        let bounded = World(history: history.upTo(HistoryPosition(at: World.noon - .days(91), eventID: "")))
        #expect(try value("count('Order')", in: bounded) == .int(Int64(count)))
        #expect(try value("count('Order', '5d')", in: World(history: history)) == .int(0))
        let run = World(history: history, runStart: HistoryPosition(at: World.noon - .days(200), eventID: ""))
        #expect(try value("run.count('Order')", in: run) == .int(Int64(Self.events.count - count)))
    }

    /// Against sums in any order; and what naive addition gets wrong is right.
    @Test func sumsAreExact() {
        let numbers = [1e16, 1, -1e16, 0.1, 0.2, 1e-30, -0.3, 3e100, -3e100, 0.5]
        let sum = ExactSum(parts: numbers).value
        for _ in 0..<200 { #expect(ExactSum(parts: numbers.shuffled()).value == sum) }
        #expect(ExactSum(parts: [1e16, 1, -1e16]).value == 1)
        #expect(ExactSum(parts: Array(repeating: 0.1, count: 10)).value == 1)
        #expect(ExactSum(parts: [1, 0x1p-53, 0x1p-100]).value == 1 + 0x1p-52, "half way, and a little more")
        #expect(ExactSum(parts: [1, 0x1p-53]).value == 1, "half way goes to the even one")
        #expect(ExactSum(parts: [.greatestFiniteMagnitude, .greatestFiniteMagnitude, -1]).value == .infinity)
        #expect(ExactSum().value == 0)
        var kept = ExactSum(parts: ExactSum(parts: numbers[..<4]).parts)
        kept.add(ExactSum(parts: numbers[4...]))
        #expect(kept.value == sum)
    }

    @Test func aWindowIsNoLongerThanTheLogIsKept() {
        var vocabulary = Vocabulary.unchecked
        vocabulary.retention = .days(400)
        let error = checkError("count('Order') > 1 && did('Order', '401d')", vocabulary: vocabulary)
        #expect(error?.message == "a window of 401d is longer than the log is kept, 400d")
        #expect(error?.column == 36)
        #expect(error?.help?.contains("loods log keep") == true)
        #expect(checkError("sum('Order', 'revenue', '400d') > 1.0", vocabulary: vocabulary) == nil)
        #expect(checkError("did('Order', '401d')") == nil)
    }
}
