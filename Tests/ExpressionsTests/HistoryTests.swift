import Expressions
import Model
import Testing

@Suite struct HistoryTests {
    static let events = [
        HistoryEvent("Order", ago: .days(40), id: "o1", #"{"revenue": 10, "tax": 1}"#),
        HistoryEvent("Order", ago: .days(7), id: "o2", #"{"revenue": 20.5}"#),
        HistoryEvent("Order", ago: .days(2), id: "o3", #"{"revenue": "1000"}"#),
        HistoryEvent("Order", ago: .hours(1), id: "o4", #"{"revenue": 0.25}"#),
        HistoryEvent("View", ago: .days(3), id: "v1"),
    ]
    static let world = World(
        history: History(events.reversed()), runStart: HistoryPosition(at: World.noon - .days(2), eventID: "o3"))

    /// An event exactly as old as the window is out.
    @Test(arguments: [
        ("did('Order')", Value.bool(true)), ("did('Nothing')", .bool(false)), ("did('View', '3d')", .bool(false)),
        ("did('View', '73h')", .bool(true)), ("did('View', duration('72h1s'))", .bool(true)),
        ("did('View', duration('4d'))", .bool(true)), ("count('Order')", .int(4)), ("count('Order', '7d')", .int(2)),
        ("count('Order', '7d1s')", .int(3)), ("count('Nothing')", .int(0)), ("sum('Order', 'revenue')", .double(30.75)),
        ("sum('Order', 'revenue', '8d')", .double(20.75)), ("sum('Order', 'tax')", .double(1)),
        ("sum('Nothing', 'x')", .double(0)), ("run.count('Order')", .int(1)), ("run.did('View')", .bool(false)),
        ("run.sum('Order', 'revenue')", .double(0.25)), ("run.count('Order', '30m')", .int(0)),
        ("first('Order') < last('Order')", .bool(true)),
        ("last('Order') - first('View') > duration('70h')", .bool(true)),
        ("first('Order')", .timestamp(World.noon - .days(40))), ("run.first('Order') == last('Order')", .bool(true)),
        ("last('View') + duration('3d') == first('Order') + duration('40d')", .bool(true)),
    ])
    func answers(_ source: String, _ expected: Value) throws {
        #expect(try value(source, in: Self.world) == expected)
    }

    @Test func bound() throws {
        var world = Self.world
        world.history = world.history.upTo(HistoryPosition(at: World.noon - .days(2), eventID: "o3"))
        #expect(try value("count('Order')", in: world) == .int(3))
        #expect(try value("run.count('Order')", in: world) == .int(0))
        world.history.upTo = HistoryPosition(at: World.noon - .days(2), eventID: "o2")
        #expect(try value("count('Order')", in: world) == .int(2))
        world.history.upTo = .end(of: World.noon - .days(2))
        #expect(try value("count('Order')", in: world) == .int(3))
    }

    /// Order within an instant is that of the ids' bytes, and a run sees only what is behind its start.
    @Test func sameInstant() throws {
        let ids = ["b", "B", "é", "e\u{301}", "a10", "a9"]
        var history = History()
        for id in ids { history.insert(HistoryEvent("X", ago: .zero, id: id)) }
        let sorted = ["B", "a10", "a9", "b", "e\u{301}", "é"]
        #expect(history.events(named: "X").map { Array($0.eventID.utf8) } == sorted.map { Array($0.utf8) })
        let start = HistoryPosition(at: World.noon, eventID: "b")
        #expect(history.events(named: "X", after: start).count == 2)
        #expect(history.events(named: "X", after: .end(of: World.noon)).isEmpty)
    }

    /// The value is the same at every instant before `validUntil`, and the sources below change exactly then.
    @Test(arguments: [
        ("did('View', '4d')", Span.days(1)), ("count('Order', '7d') == 2", .days(5)),
        ("sum('Order', 'revenue', '41d') > 30.6", .days(1)), ("did('Order', '7d') && did('View', '80h')", .hours(8)),
        ("did('View', '4d') || did('View', '5d')", .days(1)),
        ("did('View', '4d') ? did('Order', '1d') : false", .hours(23)),
        ("!did('View', '4d')", .days(1)),
    ])
    func validity(_ source: String, _ ahead: Span) throws {
        let expression = try Expression(source, scope: .audience)
        #expect(expression.isTimeDependent)
        let result = try expression.evaluate(Self.world)
        #expect(result.validUntil == World.noon + ahead)
        var later = Self.world
        later.now = Timestamp(microseconds: result.validUntil.microseconds - 1)
        #expect(try expression.evaluate(later).value == result.value)
    }

    @Test(arguments: [
        "did('View', '3d')", "did('View')", "count('Order') > 2", "contact.plan == 'x'",
        // What decides alone says how long the result holds.
        "false && did('View', '4d')", "did('View', '4d') && did('Nothing', '1d')", "did('Order') || did('View', '4d')",
    ])
    func validForEver(_ source: String) throws {
        #expect(try Expression(source, scope: .audience).holds(in: Self.world).validUntil == .distantFuture)
    }

    /// Against a world that is asked again at every hour: no value ever differs before its `validUntil`.
    @Test func neverLate() throws {
        let sources = [
            "count('Order', '5d') + count('View', '4d') >= 2", "did('Order', '3d') && !did('View', '4d')",
            "sum('Order', 'revenue', '9d') < 20.6 || did('View', '100h')", "contact.x == 1 || did('Order', '60h')",
            "count('Order', '7d') > 1 ? did('View', '5d') : !did('Order', '8d')",
        ]
        for source in sources {
            let expression = try Expression(source, scope: .audience)
            var world = Self.world
            var changes = 0
            var (held, until) = expression.holds(in: world)
            for hour in 1...300 {
                world.now = World.noon + .hours(Int64(hour))
                let (holds, validUntil) = expression.holds(in: world)
                #expect(validUntil > world.now)
                if holds != held {
                    changes += 1
                    #expect(world.now >= until, "\(source) at \(world.now)")
                }
                if world.now >= until || holds != held { (held, until) = (holds, validUntil) }
            }
            #expect(changes > 0, "\(source)")
        }
    }
}
