public import Expressions
public import Model

/// A step as it is written; branches nest, and nothing jumps.
public indirect enum Step: Sendable {
    /// Sends a template and goes on once the message's verdict is final. The name is the step's own.
    case email(name: String, template: String)
    /// Goes on after a length of time.
    case wait(Span)
    /// Goes on at the next such time of day in the contact's zone.
    case waitUntil(DailyTime)
    case waitFor(EventWait, then: [Step], otherwise: [Step])
    case branch(Expression, then: [Step], otherwise: [Step])
    /// Skips all that follows, outer steps included.
    case end

    /// An event that is waited for.
    public struct EventWait: Sendable {
        public var event: String
        /// What the event must be like.
        public var when: Expression?
        public var atMost: Span

        public init(event: String, when: Expression?, atMost: Span) {
            self.event = event
            self.when = when
            self.atMost = atMost
        }
    }
}
