import Expressions
import JourneyProgram
import Model
import Testing

struct RunStateTests {
    @Test func theStoredFormIsStable() throws {
        let text = """
            {"entry":{"at":1772442000000001,"event":"e1"},"phase":"sending",\
            "started":1772442001000000,"step":"welcome","v":1,"visit":1}
            """
        let run = try RunState(json: JSON(parsing: text.utf8))
        #expect(run.awaitedMessage == StepVisit(step: "welcome", visit: 1))
        #expect(run.entry.eventID == "e1" && run.startedAt == Timestamp(iso8601: "2026-03-02T09:00:01Z"))
        #expect(String(decoding: run.json.serialized, as: UTF8.self) == text)
    }

    /// As releases before repeats wrote it.
    @Test func whatIsStoredWithoutAVisitIsTheFirst() throws {
        let text = """
            {"entry":{"at":1772442000000000},"phase":"waiting","started":1772442000000000,"step":"wait 1",\
            "until":1772442000000000,"v":1}
            """
        let run = try RunState(json: JSON(parsing: text.utf8))
        #expect(run.visit == 1 && String(decoding: run.json.serialized, as: UTF8.self) == text)
    }

    @Test(arguments: [
        "{}", "[]", "null", "{\"v\":2}", "{\"v\":1}",
        "{\"v\":1,\"started\":\"2026-03-02T09:00:00Z\",\"entry\":{\"at\":1772442000000000},\"step\":\"a\",\"phase\":\"arriving\"}",
        """
        {"v":1,"started":1772442000000000,"entry":{"at":1772442000000000},"step":"a","phase":"waiting"}
        """,
        """
        {"v":1,"started":1772442000000000,"entry":{"at":1772442000000000},"step":"a","phase":"dancing"}
        """,
        """
        {"v":1,"started":1772442000000000,"entry":{"at":1772442000000000},"step":"a","phase":"sending"}
        """,
    ])
    func whatIsNotARunIsRefused(text: String) throws {
        let json = try JSON(parsing: text.utf8)
        let error = #expect(throws: JourneyError.self) { try RunState(json: json) }
        #expect(error?.code == .unreadableRun)
    }

    /// The store takes years -4713 to 294276.
    @Test(arguments: [-210_866_803_200_000_000, -62_135_596_800_000_001, -1, 0, 253_402_300_800_000_000, Int64.max])
    func everyInstantIsReadBack(microseconds: Int64) throws {
        let journey = try journey([.waitFor(.init(event: "X", when: nil, atMost: .zero), then: [], otherwise: [])])
        let world = World(facts: Facts(now: Timestamp(seconds: 0)), contact: anne, zone: .utc)
        let at = HistoryPosition(at: Timestamp(microseconds: microseconds), eventID: "e")
        let started = try journey.start(at: at, in: world).run
        #expect(started.entry == at)
        #expect(try RunState(json: JSON(parsing: started.json.serialized)) == started)
    }
}
