import Expressions
import Model

/// The interest filter: which events are worth a signal.
public enum JourneyInterest {
    /// Stands for every event, where a condition asks what any of them may change.
    public static let anything = "*"

    /// Stands for entering and leaving a segment.
    public static func segment(_ name: String) -> String { "*segment \(name)" }

    /// Whether a name stands for entering and leaving one.
    public static func isSegment(_ name: String) -> Bool { name.hasPrefix("*segment ") }
}

extension Journey {
    /// The events that may move a run of this journey.
    public var interest: Set<String> {
        var names = mentionedEvents
        for condition in watchedConditions {
            names.formUnion(condition.mentionedSegments.map(JourneyInterest.segment))
            if !condition.mentionedTopics.isEmpty { names.formUnion(EventNames.consents) }
            if condition.usesContact || condition.usesStage || !condition.mentionedScores.isEmpty {
                names.insert(JourneyInterest.anything)
            }
        }
        return names
    }
}
