import Model
import Simulation
import Testing
import Workspaces

/// Broadcasts on the virtual clock.
struct BroadcastTests {
    private func results(_ entry: String, _ text: String, steps: String = "[{email: wake-up}]") throws -> TestResult {
        var files = Shop.files
        files["segments/readers.yaml"] = "segment: readers\nwhen: contact.reads == true"
        files["journeys/news.yaml"] = "journey: news\nenter: \(entry)\nsteps: \(steps)"
        let loaded = Workspace.load(files: files)
        let workspace = try #require(loaded.workspace, "\(loaded.findings)")
        let (tests, findings) = workspace.tests(in: ["tests/news.yaml": text])
        #expect(findings.isEmpty, "\(findings)")
        let test = try #require(tests.first)
        return PreparedTest(test, in: Simulator(workspace, journeys: ["news"])).run()
    }

    private func head(_ contact: String = "", reads: Bool = true) -> String {
        """
        test: a broadcast
        start: 2026-03-01T10:00
        contact: {email: anne@example.com, reads: \(reads), consents: [offers]\(contact)}

        """
    }

    @Test func membersGetItAtItsTimeAndOthersDoNot() throws {
        let entry = "{schedule: 2026-03-02T09:00, segment: readers}"
        let sent = try results(entry, head() + "expect: [{at: 2026-03-02T09:00, email: wake-up}]\nuntil: 30d")
        #expect(sent.passed, "\(sent.faults) \(Shop.told(sent))")
        let left = try results(
            entry, head() + "events: [{at: 1h, identify: {reads: false}}]\nnever: [{email: wake-up}, {enters: news}]")
        #expect(left.passed, "\(left.faults) \(Shop.told(left))")
        let joined = try results(
            entry, head(reads: false) + "events: [{at: 2d, identify: {reads: true}}]\nnever: [{enters: news}]")
        #expect(joined.passed, "\(joined.faults) \(Shop.told(joined))")
    }

    @Test func eachTimeOfARhythmIsOneRun() throws {
        let result = try results(
            "{schedule: {every: week, on: monday, at: \"09:00\"}, segment: readers}",
            head() + """
                until: 2026-03-17T00:00
                expect:
                  - {at: 2026-03-02T09:00, email: wake-up}
                  - {at: 2026-03-09T09:00, email: wake-up}
                  - {at: 2026-03-16T09:00, email: wake-up}
                """)
        #expect(result.passed, "\(result.faults) \(Shop.told(result))")
        let once = try results(
            "{schedule: {every: day, at: \"09:00\"}, segment: readers, again: never}",
            head() + "until: 10d\nexpect: [{at: 2026-03-02T09:00, email: wake-up}]")
        #expect(once.passed, "\(once.faults) \(Shop.told(once))")
    }

    /// Whoever else has the address waits for the next one, and may have been reached at another by then.
    @Test func ofThoseWhoShareAnAddressTheFirstIsReached() throws {
        var files = Shop.files
        files["segments/readers.yaml"] = "segment: readers\nwhen: contact.reads == true"
        files["journeys/news.yaml"] = """
            journey: news
            enter: {schedule: {every: week, on: monday, at: "09:00"}, segment: readers}
            steps: [{email: wake-up}]
            """
        let workspace = try #require(Workspace.load(files: files).workspace)
        let simulator = Simulator(workspace, journeys: ["news"])
        let start = Timestamp(iso8601: "2026-03-01T10:00:00Z")!
        var letterboxes = Letterboxes()
        let mails = ["anne@example.com", "Anne@Example.com", "bert@example.com", "anne@example.com"].map { address in
            var contact = PlayedContact(name: address)
            contact.attributes = ["email": .string(address), "reads": .bool(true)]
            contact.consents = ["offers"]
            var play = ContactPlay(contact, in: simulator, at: start)
            play.letterboxes = letterboxes
            play.run([], until: start + .days(10))
            letterboxes = play.letterboxes
            return play.story.count { if case .started = $0.what { true } else { false } }
        }
        #expect(mails == [2, 0, 2, 0])
    }

    @Test func theContactsOwnClockDecides() throws {
        let entry = "{schedule: 2026-03-02T09:00, segment: readers, local: true}"
        let york = try results(
            entry,
            head(", timezone: America/New_York")
                + "until: 30d\nexpect: [{at: 2026-03-02T15:00, email: wake-up}, {at: 2026-03-01T20:00, enters: news}]")
        #expect(york.passed, "\(york.faults) \(Shop.told(york))")
        let samoa = try results(
            entry,
            head(", timezone: Pacific/Pago_Pago") + "until: 30d\nexpect: [{at: 2026-03-02T21:00, email: wake-up}]")
        #expect(samoa.passed, "\(samoa.faults) \(Shop.told(samoa))")
        let left = try results(
            entry,
            head() + """
                events: [{at: 20h, identify: {reads: false}}]
                until: 30d
                expect: [{at: 2026-03-02T09:00, skipped: wake-up}]
                never: [{email: wake-up}]
                """)
        #expect(left.passed, "\(left.faults) \(Shop.told(left))")
    }
}
