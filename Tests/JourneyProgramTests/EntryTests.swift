import Expressions
import JourneyProgram
import Model
import Testing

struct EntryTests {
    private let a = Step.email(name: "a", template: "a")

    @Test func aContactEntersOnce() throws {
        var play = Play(try journey([a]))
        #expect(try play.run([("0s", "Start"), ("1d", "Start"), ("2d", "Start")]) == ["0s a", "0s ends finished"])
    }

    @Test func theConditionSeesTheHistoryUpToTheEvent() throws {
        let journey = try journey([a], when: "count(\"Start\") == 2")
        var play = Play(journey)
        #expect(try play.run([("0s", "Start"), ("1d", "Start"), ("2d", "Start")]) == ["1d a", "1d ends finished"])
        // All three are known already when the second is looked at.
        let at = Timestamp(seconds: 0)
        let events = (0..<3).map { HistoryEvent(at: at + .days($0), eventID: "e\($0)", name: "Start") }
        let facts = Facts(now: at + .days(9), history: History(events))
        let keys = events.map { journey.entryKey(for: $0, in: World(facts: facts, contact: anne, zone: .utc)) }
        #expect(keys == [nil, "", nil])
    }

    @Test func perKeyThereIsOneRunForEachKey() throws {
        let key = try Expression("event.properties.order", scope: .entry, expecting: .dyn)
        let journey = try journey([a], again: .perKey(key))
        let world = World(facts: Facts(now: Timestamp(seconds: 0)), contact: anne, zone: .utc)
        let values: [(JSON?, String?)] = [
            (.string("x1"), "x1"), (.int(7), "7"), (.double(7), "7"), (.double(7.5), "7.5"), (.bool(true), "true"),
            (nil, nil), (.null, nil), (.string(""), nil), (.array([.int(1)]), nil), (.object([:]), nil),
        ]
        for (value, expected) in values {
            let properties = JSON.object(value.map { ["order": $0] } ?? [:])
            let event = HistoryEvent(at: Timestamp(seconds: 0), eventID: "e", name: "Start", properties: properties)
            #expect(journey.entryKey(for: event, in: world) == expected)
        }
        let long = JSON.object(["order": .string(String(repeating: "k", count: 5000))])
        let event = HistoryEvent(at: Timestamp(seconds: 0), eventID: "e", name: "Start", properties: long)
        #expect(try #require(journey.entryKey(for: event, in: world)).utf8.count == 36)
    }

    @Test func afterItsExitAContactMayEnterAgain() throws {
        var play = Play(try journey([.wait(.days(1)), a], again: .afterExit))
        #expect(
            try play.run([("0s", "Start"), ("12h", "Start"), ("2d", "Start")])
                == ["1d a", "1d ends finished", "3d a", "3d ends finished"])
    }

    @Test func whatEndsARunMayBeginTheNext() throws {
        var play = Play(try journey([.wait(.days(1)), a], goal: "run.did(\"Start\")", again: .afterExit))
        let told = try play.run([("0s", "Start"), ("12h", "Start")])
        #expect(told == ["12h ends converted", "1d12h a", "1d12h ends finished"])
    }

    @Test func everySoOftenAContactMayEnterAgain() throws {
        var play = Play(try journey([a, .wait(.days(4))], again: .every(.days(3))))
        let days = ["0s", "2d", "3d", "4d1h", "7d", "7d1h"]
        #expect(
            try play.run(days.map { ($0, "Start") })
                == ["0s a", "4d ends finished", "4d1h a", "8d1h ends finished"])
    }

    /// Entries that are asked for once more, at whatever time and in whatever order, change nothing.
    @Test(arguments: 0..<200) func repeatedEntriesChangeNothing(seed: UInt64) {
        var dice = Dice(seed: seed)
        let interval = dice.below(2) == 0 ? Span.zero : .hours(Int64(dice.below(60)))
        var (plain, repeated) = (PastEntries(), PastEntries())
        var asked: [HistoryPosition] = []
        for _ in 0..<60 {
            if plain.underWay > 0, dice.below(3) == 0 {
                plain.end()
                repeated.end()
            }
            let next = HistoryPosition(
                at: Timestamp(seconds: Int64(dice.below(900)) * 3600), eventID: "e\(asked.count)")
            asked.append(next)
            let answers = (plain.ask(next, interval), repeated.ask(next, interval))
            #expect(answers.0 == answers.1, "seed \(seed)")
            for _ in 0..<dice.below(3) {
                let old = asked[dice.below(asked.count)]
                let isTaken = repeated.ask(old, interval)
                #expect(!isTaken, "seed \(seed): \(old)")
            }
            #expect(repeated == plain)
        }
    }

    @Test func aStageStartsItsJourneysOnly() throws {
        let journey = try Journey(name: "care", entry: .init(.stage("care")), steps: [a])
        let world = World(facts: Facts(now: Timestamp(seconds: 0)), contact: anne, zone: .utc)
        let place = HistoryPosition(at: Timestamp(seconds: 0), eventID: "e")
        #expect(journey.entryKey(forStage: "care", at: place, in: world) == "")
        #expect(journey.entryKey(forStage: "do", at: place, in: world) == nil)
        let again = try Journey(name: "care", entry: .init(.stage("care"), again: .afterExit), steps: [a])
        #expect(again.entryKey(forStage: "care", at: place, in: world) == "1970-01-01T00:00:00Z e")
        let event = HistoryEvent(at: Timestamp(seconds: 0), eventID: "e", name: "care")
        #expect(journey.entryKey(for: event, in: world) == nil)
    }

    @Test func theEntryIsADecisionWithWhatItSaw() throws {
        var play = Play(try journey([a], when: "count(\"Start\") == 1"))
        _ = try play.run([("0s", "Start")])
        let decision = try #require(play.decisions.first)
        #expect(decision.step == "enter" && decision.choice == "started")
        #expect(decision.saw["id"] == .string("e0"))
        #expect(decision.saw["condition"] == .string("count(\"Start\") == 1"))
        #expect(play.decisions.last?.step == "end")
    }

    @Test func idsAreDerivedFromWhatTheyStandFor() {
        let contact = UniqueID(high: 1, low: 2)
        let workspace = WorkspaceID(rawValue: 1)
        let run = Journey.runID(workspace: workspace, journey: "j", contact: contact, entryKey: "")
        #expect(run == Journey.runID(workspace: workspace, journey: "j", contact: contact, entryKey: ""))
        #expect(run != Journey.runID(workspace: workspace, journey: "j", contact: contact, entryKey: "k"))
        #expect(run != Journey.runID(workspace: .init(rawValue: 2), journey: "j", contact: contact, entryKey: ""))
        let message = Journey.messageID(run: run, step: "a", visit: 1)
        #expect(message != Journey.messageID(run: run, step: "a", visit: 2))
        #expect(message != Journey.messageID(run: run, step: "b", visit: 1))
    }
}

extension PastEntries {
    /// Whether an entry is taken; what comes of it is noted.
    fileprivate mutating func ask(_ position: HistoryPosition, _ interval: Span) -> Bool {
        switch answer(to: position, every: interval) {
        case .taken:
            take(position, isOver: false)
            return true
        case .refused: return false
        case .refusedMeanwhile:
            refuse(position)
            return false
        }
    }
}
