import Expressions
import JourneyProgram
import Model
public import Workspaces

/// A test made ready to run, as often as one likes.
public struct PreparedTest: Sendable {
    public let test: JourneyTest
    private let beginnings: [ContactPlay]
    private let end: Timestamp

    /// How long is played behind the last instant that a test names, where it does not say until when.
    private static let afterword = Span.days(90)

    /// - Parameter simulator: with the test's journeys.
    public init(_ test: JourneyTest, in simulator: Simulator) {
        self.test = test
        let first = test.contacts.lazy.compactMap { $0.events.first?.event.at }.min() ?? test.start
        let start = min(test.start, first)
        beginnings = test.contacts.map { ContactPlay($0.contact, in: simulator, at: start) }
        end = test.until ?? test.lastInstant + Self.afterword
    }

    /// Plays the test and compares.
    public func run() -> TestResult {
        let stories = zip(beginnings, test.contacts).map { beginning, contact in
            var play = beginning
            play.run(contact.events, until: end)
            return TestResult.Story(contact: contact.contact.name, lines: play.story)
        }
        return TestResult(test, stories)
    }
}

extension JourneyTest {
    fileprivate var lastInstant: Timestamp {
        let events = contacts.compactMap { $0.events.last?.event.at }
        let asked = ((expected ?? []) + never).flatMap { [$0.at, $0.after, $0.before].compactMap(\.self) }
        return (events + asked).reduce(start, max)
    }
}
