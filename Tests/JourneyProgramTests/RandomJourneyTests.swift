import Expressions
import JourneyProgram
import Model
import Testing

/// Random journeys in random histories: whatever happens, a run ends, and nothing happens twice.
struct RandomJourneyTests {
    @Test(arguments: 0..<150) func everyRunEnds(seed: UInt64) throws {
        var dice = Dice(seed: seed)
        var play = Play(try dice.journey())
        play.zone = LocalZone("Europe/Amsterdam")!
        play.delivery = .minutes(Int64(dice.below(300)))
        let told = try play.run(dice.history(from: play.start))
        for run in play.runs.values { #expect(run.outcome != nil, "seed \(seed): \(run)") }
        #expect(play.wakes.isEmpty)
        let sent = told.filter { $0.contains(" t as ") }.map { $0.split(separator: " ").last! }
        #expect(Set(sent).count == sent.count)
        #expect(told.count { $0.contains(" ends ") } == play.runs.count)
    }

    /// Events of one instant are known one after the other, and the naive one knows them all at once: here none are.
    @Test(arguments: 0..<250) func aNaiveInterpreterAgrees(seed: UInt64) throws {
        var dice = Dice(seed: seed &+ 7_000)
        let script = try dice.script()
        var play = Play(
            try journey(script.steps, goal: script.goal, within: script.within, exit: script.exit),
            contact: .object(["ends": .string("2026-03-12")]))
        play.zone = LocalZone("Asia/Tokyo")!
        play.delivery = .minutes(Int64(dice.below(300)))
        var instants: Set<Timestamp> = []
        let events = dice.history(from: play.start).filter { instants.insert($0.at).inserted }
        var naive = NaiveInterpreter(script, events, delivery: play.delivery)
        #expect(try play.run(events) == naive.play(), "seed \(seed)")
    }

    @Test(arguments: 0..<150) func aNaiveInterpreterAgreesOnEnteringAgain(seed: UInt64) throws {
        var dice = Dice(seed: seed &+ 90_000)
        let script = try dice.script()
        let again = dice.below(2) == 0 ? Journey.Again.afterExit : .every(.hours(Int64(1 + dice.below(200))))
        var play = Play(
            try journey(script.steps, goal: script.goal, within: script.within, exit: script.exit, again: again),
            contact: .object(["ends": .string("2026-03-12")]))
        play.zone = LocalZone("Asia/Tokyo")!
        play.delivery = .minutes(Int64(dice.below(300)))
        let starts = (0..<20).map { index in
            HistoryEvent(at: play.start + .minutes(Int64(dice.below(30_000))), eventID: "s\(index)", name: "Start")
        }
        var instants: Set<Timestamp> = []
        let events = (dice.history(from: play.start) + starts).filter { instants.insert($0.at).inserted }
        let naive = NaiveInterpreter.play(script, events, delivery: play.delivery, every: again.interval!)
        #expect(try play.run(events) == naive, "seed \(seed)")
    }

    @Test(arguments: 0..<50) func needlessActivationsChangeNothing(seed: UInt64) throws {
        var dice = Dice(seed: seed)
        let journey = try dice.journey()
        var calm = Play(journey)
        var restless = Play(journey)
        calm.delivery = .minutes(10)
        restless.delivery = .minutes(10)
        let events = dice.history(from: calm.start)
        let noise = (0..<200).map { index in
            HistoryEvent(at: calm.start + .hours(Int64(index * 5)), eventID: "n\(index)", name: "Noise")
        }
        #expect(try calm.run(events) == restless.run(events + noise))
    }

    @Test(arguments: 0..<60) func aRunSeesNothingUpToItsEntry(seed: UInt64) throws {
        var dice = Dice(seed: seed)
        let journey = try dice.journey(["run.did(\"X\")", "run.count(\"Y\") > 1", "!run.did(\"X\", \"2d\")"])
        var (fresh, experienced) = (Play(journey), Play(journey))
        let events = dice.history(from: fresh.start)
        let past = (0..<20).map { index in
            // Ids from "e" stand before the entry's, "start", where the instant is the same.
            HistoryEvent(
                at: fresh.start - .hours(Int64(dice.below(3))), eventID: "earlier\(index)",
                name: index % 2 == 0 ? "X" : "Y")
        }
        #expect(try experienced.run(past + events) == fresh.run(events))
    }

    @Test(arguments: 0..<60) func aGoalIsReachedByWhatLiesBetweenEntryAndLapse(seed: UInt64) throws {
        var dice = Dice(seed: seed)
        let within = Span.hours(Int64(1 + dice.below(300)))
        let journey = try journey(dice.steps(), goal: "run.did(\"X\")", within: within)
        var play = Play(journey)
        play.delivery = .minutes(Int64(dice.below(300)))
        let events = (0..<dice.below(3)).map { index in
            HistoryEvent(
                at: play.start + .minutes(Int64(dice.below(24_000))), eventID: "x\(index)", name: "X")
        }
        _ = try play.run([HistoryEvent(at: play.start, eventID: "start", name: "Start")] + events)
        let inTime = events.contains { $0.at < play.start + within && $0.position > play.runs[""]!.entry }
        #expect(play.runs[""]?.outcome == (inTime ? .converted : .finished))
    }

    @Test(arguments: 0..<40) func waitsCountFromAVerdictHoweverLateItIsHeard(seed: UInt64) throws {
        var dice = Dice(seed: seed)
        let steps = (0..<5).flatMap { index -> [Step] in
            [.email(name: "m\(index)", template: "t"), .wait(.hours(Int64(5 + dice.below(50))))]
        }
        var (prompt, late) = (Play(try journey(steps)), Play(try journey(steps)))
        (prompt.delivery, late.delivery) = (.minutes(7), .minutes(7))
        late.lag = .minutes(Int64(dice.below(290)))
        #expect(try late.run([("0s", "Start")]) == prompt.run([("0s", "Start")]))
    }

    @Test(arguments: 0..<40) func aWaitsInstantIsFixedOnArrival(seed: UInt64) throws {
        var dice = Dice(seed: seed)
        let time = DailyTime(hour: dice.below(24), minute: dice.below(60), days: DailyTime.workdays)!
        let journey = try journey([.waitUntil(time), .wait(.hours(Int64(1 + dice.below(20))))])
        let zones = ["Asia/Tokyo", "America/New_York", "Europe/Amsterdam"].map { zone in
            JSON.object(["timezone": .string(zone)])
        }
        var (settled, moving) = (Play(journey, contact: zones[0]), Play(journey, contact: zones[0]))
        let expected = try settled.run([("0s", "Start")])
        try moving.happen(HistoryEvent(at: moving.start, eventID: "start", name: "Start"))
        for hour in 0..<200 {
            moving.facts.contact = zones[dice.below(zones.count)]
            _ = try moving.run([("\(hour)h", "Noise")], until: "\(hour)h")
        }
        #expect(moving.told == expected)
    }
}
