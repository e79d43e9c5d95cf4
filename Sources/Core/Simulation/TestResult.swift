import JourneyProgram
import Model
public import Workspaces

/// How a test came out: what happened, and where that is not what the test says.
public struct TestResult: Sendable {
    public struct Story: Sendable {
        public let contact: String
        public let lines: [Happening]
    }

    public enum Fault: Sendable {
        /// It was expected, and did not happen.
        case missing(Expectation)
        /// A mail was sent, or others were told something, that was not expected.
        case unexpected(Happening, contact: String)
        /// It happened, and must not.
        case forbidden(Happening, contact: String, Expectation)
        /// The play could not go on.
        case failed(String)
    }

    public let test: JourneyTest
    public let stories: [Story]
    public let faults: [Fault]
    /// Per story, for each line the expectation that it meets.
    let matches: [[Int: Expectation]]

    public var passed: Bool { faults.isEmpty }

    init(_ test: JourneyTest, _ stories: [Story]) {
        self.test = test
        self.stories = stories
        var matching = Matching(test, stories)
        matching.match()
        faults = matching.faults
        matches = matching.matches
    }
}

/// Finds for each expectation what meets it.
private struct Matching {
    let test: JourneyTest
    let stories: [TestResult.Story]
    private(set) var matches: [[Int: Expectation]]
    private(set) var faults: [TestResult.Fault] = []

    init(_ test: JourneyTest, _ stories: [TestResult.Story]) {
        self.test = test
        self.stories = stories
        matches = stories.map { _ in [:] }
    }

    mutating func match() {
        // Those that name an instant choose first.
        for expectation in test.expected ?? [] where expectation.at != nil { match(expectation) }
        for expectation in test.expected ?? [] where expectation.at == nil { match(expectation) }
        for (place, story) in stories.enumerated() {
            for (index, line) in story.lines.enumerated() { judge(line, index, of: place) }
        }
    }

    private mutating func match(_ expectation: Expectation) {
        for (place, story) in stories.enumerated() where expectation.concerns(story.contact) {
            let index = story.lines.indices.first { index in
                expectation.isMet(by: story.lines[index]) && matches[place][index] == nil
            }
            guard let index else { continue }
            matches[place][index] = expectation
            return
        }
        faults.append(.missing(expectation))
    }

    private mutating func judge(_ line: Happening, _ index: Int, of place: Int) {
        let contact = stories[place].contact
        if case .failed(let reason) = line.what { faults.append(.failed(reason)) }
        if line.what.isMessage, test.expected != nil, matches[place][index] == nil {
            faults.append(.unexpected(line, contact: contact))
        }
        for expectation in test.never where expectation.concerns(contact) && expectation.isMet(by: line) {
            faults.append(.forbidden(line, contact: contact, expectation))
        }
    }
}

extension Expectation {
    func concerns(_ contact: String) -> Bool { self.contact.map { $0 == contact } ?? true }

    /// Whether something that happened is what is spoken of.
    func isMet(by line: Happening) -> Bool {
        if let at, line.at != at { return false }
        if let after, line.at < after { return false }
        if let before, line.at > before { return false }
        if let journey, line.journey != journey { return false }
        if let language, line.language != language { return false }
        if let cell, line.content?.cell ?? ContentCell() != cell { return false }
        for (block, variant) in blocks where line.content?.blocks[block] != variant { return false }
        switch (subject, line.what) {
        case (.sent(let name), .sent(let step, _, let template)): return step == name || template == name
        case (.skipped(let name), .skipped(let step, _, let template, _)): return step == name || template == name
        case (.told(let name), .told(let step, _, let whom)): return whom == name || "\(whom.kind):\(step)" == name
        case (.held(let name), .held(let step, _, let template, _, _)): return step == name || template == name
        case (.enters(let journey), .started): return line.journey == journey
        case (.turnedAway(let journey), .turnedAway): return line.journey == journey
        case (.ends(let end), .ended(let outcome, _)): return outcome.rawValue == end
        case (.stage(let name), .stage(let stage)): return name == stage
        case (.segment(let name), .entered(let segment)): return name == segment
        case (.left(let name), .left(let segment)): return name == segment
        case (.persona(let name), .persona(let persona)): return name == persona
        case (.waitsUntil(let instant), .waits(_, let until)): return instant == until
        case (.waitsFor(let what), .waitsFor(_, let awaited, _)): return awaited.contains(what)
        case (.gives(let model, let points), .chose(_, _, "score", let saw)):
            guard let given = saw["score"].flatMap({ GivenPoints($0) }) else { return false }
            return given.model == model && points ?? given.points == given.points
        case (.takes(let branch), .chose(_, _, let choice, _)): return choice == branch
        default: return false
        }
    }
}

extension Happening.What {
    /// Whether somebody got something: tests list all of that.
    fileprivate var isMessage: Bool {
        switch self {
        case .sent, .told: true
        default: false
        }
    }
}

extension String {
    /// `webhook` of `webhook:crm`.
    fileprivate var kind: Substring { prefix { $0 != ":" } }
}
