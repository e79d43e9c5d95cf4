import Expressions
import JourneyProgram
import Model
import Workspaces

/// The interest filter: which events are worth a signal.
enum JourneyInterest {
    /// Stands for every event, where a condition asks what any of them may change.
    static let anything = "*"
}

extension Journey {
    /// The events that may move a run of this journey.
    var interest: Set<String> {
        var names = mentionedEvents
        for condition in [goal?.when, exit].compactMap({ $0 }) {
            if !condition.mentionedTopics.isEmpty {
                names.formUnion([EventNames.consentGiven, EventNames.consentWithdrawn])
            }
            if condition.usesContact || condition.usesStage || !condition.mentionedScores.isEmpty {
                names.insert(JourneyInterest.anything)
            }
        }
        return names
    }
}

extension Workspace {
    /// The events on which a journey may start.
    var entryEvents: Set<String> {
        Set(
            journeys.compactMap { definition in
                if case .event(let name, _) = definition.journey.entry.trigger { name } else { nil }
            })
    }

    /// The events that conditions of stages ask for.
    var stageEvents: Set<String> {
        stages.reduce(into: []) { $0.formUnion($1.when?.mentionedEvents ?? []) }
    }
}
