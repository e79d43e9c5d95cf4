public import Expressions
public import Model

/// A named condition over contacts.
public final class Segment: Sendable {
    public let name: String
    /// The stage that it lives in: only who is in that stage is in the segment. Nil: whatever the stage.
    public let stage: String?
    public let when: Expression
    /// What it is for, in words.
    public let description: String?
    /// The file that it stands in.
    public let file: String

    init(name: String, stage: String?, when: Expression, description: String?, file: String) {
        self.name = name
        self.stage = stage
        self.when = when
        self.description = description
        self.file = file
    }
}

/// A named condition that picks content.
public struct Persona: Sendable {
    public let name: String
    public let when: Expression
}

/// The personas of a workspace: a contact has the first whose condition holds, or the default.
public struct Personas: Sendable {
    public let ordered: [Persona]
    /// Whoever fits no other; nil in a workspace without personas.
    public let fallback: String?

    /// No personas at all.
    static let none = Personas(ordered: [], fallback: nil)

    /// The first that fits.
    ///
    /// - Returns: nil for the default; `validUntil` is the instant before which time alone changes nothing.
    public func fitting(_ facts: some EvaluationContext) -> (name: String?, validUntil: Timestamp) {
        var validUntil = Timestamp.distantFuture
        for persona in ordered {
            let result = persona.when.holds(in: facts)
            validUntil = min(validUntil, result.validUntil)
            if result.holds { return (persona.name, validUntil) }
        }
        return (nil, validUntil)
    }
}

extension Segment {
    /// Whether a contact is in it, and the instant before which time alone cannot change that.
    public func holds(in facts: some EvaluationContext) -> (holds: Bool, validUntil: Timestamp) {
        if let stage, facts.stage != stage { return (false, .distantFuture) }
        return when.holds(in: facts)
    }
}
