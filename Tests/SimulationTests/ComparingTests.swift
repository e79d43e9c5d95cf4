import Model
import Simulation
import Testing
import Workspaces

/// What a test that does not hold says, and what a test file that cannot be read does.
struct ComparingTests {
    private func faults(_ text: String) throws -> [String] {
        try Shop.result(Shop.trial + "journey: trial\nevents: [{at: 0d, track: Trial Started}]\nuntil: 10d\n" + text)
            .faults.map { fault in
                switch fault {
                case .missing(let expectation): "missing line \(expectation.line)"
                case .unexpected(let line, _): "unexpected \(line.words(since: line.at))"
                case .forbidden(let line, _, let never): "forbidden \(line.words(since: line.at)) line \(never.line)"
                case .failed(let reason): reason
                }
            }
    }

    @Test func aMailThatIsNotListedIsAFault() throws {
        #expect(
            try faults("expect: [{email: pixel-why}, {email: pixel-how}]") == ["unexpected e-mail pixel-help"])
        #expect(try faults("never: [{email: docs}]") == [])
    }

    @Test func whatDoesNotHappenAtItsInstantIsAFault() throws {
        let told = try faults(
            "expect: [{at: 1s, email: pixel-why}, {email: pixel-how}, {email: pixel-help}, {ends: goal}]")
        #expect(told == ["missing line 7", "missing line 7", "unexpected e-mail pixel-why"])
    }

    @Test func whatIsForbiddenIsAFault() throws {
        #expect(
            try faults("never: [{email: pixel-how}, {email: pixel-why, after: 1h}, {takes: then}]")
                == ["forbidden e-mail pixel-how line 7"])
        #expect(try faults("never: [{email: pixel-how, before: 2d}]") == [])
    }

    @Test func theTimelineStandsBesideWhatWasExpected() throws {
        let result = try Shop.result(
            Shop.trial + """
                journey: trial
                events: [{at: 0d, track: Trial Started}, {at: 2d1h, track: Pixel installed}]
                until: 4d
                expect: [{at: 0d, email: pixel-why}, {at: 2d1h, ends: goal}]
                """)
        let rows = Timeline(result).rows
        let told = rows.map { row in
            "\(row.at.map { $0.offset(since: result.test.start) } ?? "ever")|\(row.expected ?? "")|\(row.happened ?? "")|\(row.mark)"
        }
        #expect(told.contains("0d|e-mail pixel-why|e-mail pixel-why|met"))
        #expect(told.contains("2d1h|ends: goal||missing"))
        #expect(told.contains("2d23h||e-mail pixel-how|unexpected"))
        #expect(rows.compactMap(\.at) == rows.compactMap(\.at).sorted())
        #expect(Shop.workspace.nearMiss(ofEvent: "Pixel installed") == "Pixel Installed")
        #expect(Shop.workspace.nearMiss(ofEvent: "Pixel Installed") == nil)
    }

    @Test func coverageNamesWhatNoTestReaches() throws {
        var coverage = Coverage(Shop.workspace)
        let result = try Shop.result(
            Shop.trial + "journey: trial\nevents: [{at: 0d, track: Trial Started}]\nuntil: 20d\nnever: [{stage: do}]")
        coverage.add(result.stories[0].lines)
        let missed = coverage.missed.map { "\($0.journey) \($0.step) \($0.choice ?? "")" }
        #expect(missed == ["trial wait_for 5 then", "trial docs ", "wake-up wake-up "])
        #expect(coverage.count(ofBranches: true) == (1, 2))
        #expect(coverage.count(ofBranches: false) == (6, 8))
    }

    @Test(arguments: [
        ("test: a\nstart: 2026-03-02T10:00\nexpect: [{email: pixel-wy}]", "tests/trial.yaml:3:18  unknown e-mail"),
        ("test: a\nstart: 2026-03-02T10:00\nexpect: [{ends: gaol}]", "did you mean \"goal\"?"),
        ("test: a\nstart: yesterday\nnever: []", "tests/trial.yaml:2:8  \"start\" must be a date and a time"),
        ("test: a\nstart: 2026-03-02T10:00 Europe/Atlantis\nnever: []", "unknown time zone \"Europe/Atlantis\""),
        ("test: a\nstart: 2026-03-02T10:00\nevents: [{track: X}]\nnever: []", "an event has no \"at\""),
        (
            "test: a\nstart: 2026-03-02T10:00\nevents: [{at: soon, track: X}]\nnever: []",
            ":3:15  \"at\" must be a length"
        ),
        ("test: a\nstart: 2026-03-02T10:00\nevents: [{at: 1d, trak: X}]\nnever: []", "unknown key \"trak\""),
        (
            "test: a\nstart: 2026-03-02T10:00\ncontact: {consents: [onbording]}\nnever: []",
            "unknown topic \"onbording\""
        ),
        ("test: a\nstart: 2026-03-02T10:00", "a test has an \"expect\" or a \"never\""),
        ("test: a\nstart: 2026-03-02T10:00\nnever: [{email: docs, at: 1d}]", "unknown key \"at\""),
        ("test: a\nstart: [", "this is not YAML"),
        (
            "test: a\nstart: 2255-03-20T10:00\nnever: []",
            "tests/trial.yaml:2:8  \"start\" is beyond the time that there is"
        ),
        ("test: a\nstart: 9999-12-31T10:00\nnever: []", "(it ends 2255-03-14T16:00:00Z)"),
        (
            "test: a\nstart: 2250-03-02T10:00\nuntil: 10000d\nnever: []",
            "tests/trial.yaml:3:8  \"until\" is beyond the time that there is"
        ),
        (
            "test: a\nstart: 2026-03-02T10:00\nexpect: [{email: docs, ends: goal}]",
            "tests/trial.yaml:3:24  an expectation is one thing: \"ends\" stands beside \"email\""
        ),
        (
            "test: a\nstart: 2026-03-02T10:00\nevents: [{at: 1d, page: /, track: X}]\nnever: []",
            "tests/trial.yaml:3:28  an event is one thing: \"track\" stands beside \"page\""
        ),
    ])
    func aFaultyFileNamesThePlaceAndTheWayOut(text: String, finding: String) {
        let (tests, findings) = Shop.read(text)
        #expect(tests.isEmpty)
        #expect(findings.contains { $0.description.contains(finding) }, "\(findings)")
    }

    @Test func aNameStandsOnce() {
        let test = "{test: a, start: 2026-03-02T10:00, never: [{email: docs}]}"
        #expect(Shop.read("[\(test), \(test)]").findings.map(\.code) == [.duplicate])
    }
}
