import Expressions
import JourneyProgram
import Model
import Testing

struct RunStateTests {
    @Test func theStoredFormIsStable() throws {
        let text = """
            {"entry":{"at":"2026-03-02T09:00:00.000001Z","event":"e1"},"phase":"sending",\
            "started":"2026-03-02T09:00:01Z","step":"welcome","v":1,"visit":1}
            """
        let run = try RunState(json: JSON(parsing: text.utf8))
        #expect(run.awaitedMessage == StepVisit(step: "welcome", visit: 1))
        #expect(run.entry.eventID == "e1" && run.startedAt == Timestamp(iso8601: "2026-03-02T09:00:01Z"))
        #expect(String(decoding: run.json.serialized, as: UTF8.self) == text)
    }

    @Test(arguments: [
        "{}", "[]", "null", "{\"v\":2}", "{\"v\":1}",
        "{\"v\":1,\"started\":\"x\",\"entry\":{\"at\":\"2026-03-02T09:00:00Z\"},\"step\":\"a\",\"phase\":\"arriving\"}",
        """
        {"v":1,"started":"2026-03-02T09:00:00Z","entry":{"at":"2026-03-02T09:00:00Z"},"step":"a","phase":"waiting"}
        """,
        """
        {"v":1,"started":"2026-03-02T09:00:00Z","entry":{"at":"2026-03-02T09:00:00Z"},"step":"a","phase":"dancing"}
        """,
        """
        {"v":1,"started":"2026-03-02T09:00:00Z","entry":{"at":"2026-03-02T09:00:00Z"},"step":"a","phase":"sending"}
        """,
    ])
    func whatIsNotARunIsRefused(text: String) throws {
        let json = try JSON(parsing: text.utf8)
        let error = #expect(throws: JourneyError.self) { try RunState(json: json) }
        #expect(error?.code == .unreadableRun)
    }
}
