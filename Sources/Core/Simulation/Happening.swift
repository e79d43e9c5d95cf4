public import JourneyProgram
public import Model
public import SendGate

/// One line of a story: what happened, and when.
public struct Happening: Sendable, Hashable {
    public var at: Timestamp
    /// Of which journey; nil for what is the contact's own.
    public var journey: String?
    public var what: What
    /// Of a mail that caps keep back, which these are.
    public var fullCaps: [FullCap]
    /// Of a mail that was sent: the language in which it went out, where it has several.
    public var language: LanguageTag?
    /// Of a mail that was sent: what was chosen of its content, where there was something to choose.
    public var content: ContentChoice?

    public enum What: Sendable, Hashable {
        case event(String)
        case stage(String)
        case entered(segment: String)
        case left(segment: String)
        /// Nil: the default.
        case persona(String?)
        case started
        /// A cap of the journey let the contact not in.
        case turnedAway(EntryCap)
        /// A choice at a step, with what it was taken on.
        case chose(step: String, visit: Int, choice: String, saw: JSON)
        /// A mail that was handed over.
        case sent(step: String, visit: Int, template: String)
        /// A mail that the gate did not let through.
        case skipped(step: String, visit: Int, template: String, Reasons)
        /// A mail that the gate holds.
        case held(step: String, visit: Int, template: String, until: Timestamp, Reasons)
        /// Something that others than the contact were told.
        case told(step: String, visit: Int, whom: String)
        case waits(step: String, until: Timestamp)
        case waitsFor(step: String, [String], until: Timestamp)
        /// All steps are done, and the goal may still be reached.
        case waitsForGoal(until: Timestamp?)
        case ended(Outcome, saw: JSON)
        /// The play cannot go on: the definitions or the engine are at fault.
        case failed(String)
    }

    /// How a run ended, as tests write it.
    public enum Outcome: String, Sendable, CaseIterable {
        case goal, exit, completed
    }

    public init(at: Timestamp, journey: String? = nil, _ what: What, full caps: [FullCap] = []) {
        self.at = at
        self.journey = journey
        self.what = what
        fullCaps = caps
    }
}

extension Happening.Outcome {
    init?(_ outcome: String) {
        switch outcome {
        case "converted": self = .goal
        case "exited": self = .exit
        case "finished": self = .completed
        default: return nil
        }
    }
}
