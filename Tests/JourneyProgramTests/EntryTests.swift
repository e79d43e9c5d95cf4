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

    @Test func aStageStartsItsJourneysOnly() throws {
        let journey = try Journey(name: "care", entry: .init(.stage("care")), steps: [a])
        let world = World(facts: Facts(now: Timestamp(seconds: 0)), contact: anne, zone: .utc)
        #expect(journey.entryKey(forStage: "care", in: world) == "")
        #expect(journey.entryKey(forStage: "do", in: world) == nil)
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
