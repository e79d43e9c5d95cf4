import Expressions
import JourneyProgram
import Model

/// The interest filter: which events are worth a signal.
enum JourneyInterest {
    /// Stands for every event, where a condition asks what any of them may change.
    static let anything = "*"
}

extension Journey {
    /// The events that may move a run of this journey.
    var interest: Set<String> {
        var names = mentionedEvents
        for condition in watchedConditions {
            if !condition.mentionedTopics.isEmpty { names.formUnion(EventNames.consents) }
            if condition.usesContact || condition.usesStage || !condition.mentionedScores.isEmpty {
                names.insert(JourneyInterest.anything)
            }
        }
        return names
    }
}
