import Expressions
import JourneyProgram
import Model
import Testing

/// Journeys that let few runs begin at once.
struct ThrottleTests {
    private static let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
    private static let throttle = Broadcast.Throttle(runs: 60, per: .hours(1))

    private func journey(late: Broadcast.Late? = nil, goal: String? = nil) throws -> Journey {
        try Journey(
            name: "test",
            entry: .init(.event("Start", when: nil), throttle: Self.throttle, late: late),
            goal: goal.map { .init(when: try condition($0), within: .days(9)) },
            steps: [.email(name: "hello", template: "hello")])
    }

    private func world(_ time: Timestamp, hasTurn: Bool = false) -> World {
        var world = World(facts: Facts(now: time), contact: anne, zone: .utc)
        world.hasTurn = hasTurn
        return world
    }

    private func choices(_ activation: Activation) -> [String] {
        activation.effects.map { effect in
            switch effect {
            case .decide(let decision): "\(decision.step) \(decision.visit): \(decision.choice)"
            case .send(_, let template, _): template
            case .end(let outcome): outcome.rawValue
            default: "other"
            }
        }
    }

    @Test func aRunWaitsForItsTurnAndRemembersThatItDoes() throws {
        let journey = try journey()
        let started = try journey.start(at: .end(of: Self.start), in: world(Self.start))
        #expect(started.run.awaitsTurn && choices(started) == ["enter 1: started"] && started.wake == nil)
        let stored = try RunState(json: JSON(parsing: started.run.json.serialized))
        #expect(stored == started.run)
        let idle = try journey.step(stored, in: world(Self.start + .hours(1)))
        #expect(idle.run == stored && idle.effects.isEmpty)
        let begun = try journey.step(stored, in: world(Self.start + .hours(1), hasTurn: true))
        #expect(!begun.run.awaitsTurn && choices(begun) == ["enter 2: its turn came", "hello"])
        let atOnce = try journey.step(stored, in: world(Self.start, hasTurn: true))
        #expect(choices(atOnce) == ["hello"])
    }

    @Test func aTurnThatComesTooLateEndsTheRunWhereThatIsSaid() throws {
        for (late, expected) in [
            (Broadcast.Late(after: .hours(2)), ["end: exited"]), (.init(after: .hours(2), then: .send), ["hello"]),
        ] {
            let journey = try journey(late: late)
            let run = try journey.start(at: .end(of: Self.start), in: world(Self.start)).run
            let punctual = try journey.step(run, in: world(Self.start + .hours(2), hasTurn: true))
            #expect(punctual.run.outcome == nil)
            let activation = try journey.step(run, in: world(Self.start + .hours(3), hasTurn: true))
            #expect((activation.run.outcome == .exited) == (expected == ["end: exited"]))
            #expect(choices(activation).contains("hello") == (expected == ["hello"]))
        }
    }

    @Test func aDayHasSoManyPlaces() {
        #expect(Self.throttle.most(within: .days(1)) == 1_441)
        #expect(Broadcast.Throttle(runs: 3, per: .days(1)).most(within: .hours(1)) == 1)
    }

    @Test func whoReachesTheGoalMeanwhileWaitsNoMore() throws {
        let journey = try journey(goal: "contact.done == true")
        let run = try journey.start(at: .end(of: Self.start), in: world(Self.start)).run
        let facts = Facts(now: Self.start + .minutes(5), contact: .object(["done": .bool(true)]))
        let activation = try journey.step(run, in: World(facts: facts, contact: anne, zone: .utc))
        #expect(activation.run.outcome == .converted)
    }

    /// However often somebody looks, no more begin in any hour than there are places, and one more at its edge.
    @Test func thePaceIsNeverExceeded() {
        var (next, now): (Timestamp?, Timestamp) = (nil, Self.start)
        var begun: [Timestamp] = []
        var dice = Dice(seed: 5)
        for _ in 0..<2_000 {
            let pace = Pace(Self.throttle, next: next, now: now)
            let count = min(Int(pace.slots), dice.below(3))
            begun += Array(repeating: now, count: count)
            next = pace.next(after: count)
            now = now + Span(microseconds: Int64(dice.below(90_000_000)))
        }
        #expect(begun.count > 700)
        for (place, time) in begun.enumerated() {
            #expect(begun[place...].prefix { $0 < time + .hours(1) }.count <= 61)
        }
    }

    /// With the contacts' own clocks a turn comes at their time or later, and what waits for it waits from then on.
    @Test func byTheContactsOwnClocksATurnComesNoEarlierThanTheirTime() throws {
        let day = try #require(CalendarDate("2026-03-02"))
        let schedule = Schedule(.once(day), minuteOfDay: 540, isLocal: true)
        let journey = try Journey(
            name: "test", entry: .init(.broadcast(Broadcast(schedule, to: "readers", throttle: Self.throttle))),
            steps: [.email(name: "hello", template: "hello")])
        #expect(journey.throttle == Self.throttle && journey.pace == nil)
        let opening = schedule.opening(of: .init(date: day, minuteOfDay: 540), in: .utc)
        let started = try journey.start(
            at: .end(of: opening), of: .init(date: day, minuteOfDay: 540), in: world(opening))
        #expect(started.run.awaitsTurn && started.run.opensAt == Self.start && started.wake == nil)
        let run = try RunState(json: JSON(parsing: started.run.json.serialized))
        #expect(run == started.run)
        let early = try journey.step(run, in: world(Self.start))
        #expect(early.run == run && early.effects.isEmpty)
        let punctual = try journey.step(run, in: world(Self.start, hasTurn: true))
        #expect(choices(punctual) == ["hello"] && punctual.run.opensAt == nil)
        let waited = try journey.step(run, in: world(Self.start + .minutes(5), hasTurn: true))
        #expect(choices(waited) == ["enter 2: its turn came", "hello"])
        guard case .decide(let decision)? = waited.effects.first else {
            Issue.record("nothing was decided")
            return
        }
        #expect(decision.saw["since"]?.string == Self.start.description)
    }

    @Test func anotherBroadcastHasAPace() throws {
        let day = try #require(CalendarDate("2026-03-02"))
        let broadcast = Broadcast(Schedule(.once(day), minuteOfDay: 540), to: "readers", throttle: Self.throttle)
        let journey = try Journey(
            name: "test", entry: .init(.broadcast(broadcast)), steps: [.email(name: "hello", template: "hello")])
        #expect(journey.throttle == nil && journey.pace == Self.throttle)
    }
}
