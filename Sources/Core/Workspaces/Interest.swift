import Expressions
import JourneyProgram
import Model

/// Which events may move a contact through journeys and stages.
struct Interest {
    let stages: [Stage]
    let scores: [ScoreModel]
    /// The conditions of segments and personas.
    let segments: [Expression]
    let personas: [Expression]
    let journeys: [Journey]

    var events: Set<String> {
        var names: Set<String> = []
        for journey in journeys {
            names.formUnion(journey.mentionedEvents)
            for condition in journey.watchedConditions { names.formUnion(events(changing: condition)) }
        }
        for condition in segments + personas { names.formUnion(condition.mentionedEvents) }
        for stage in stages { names.formUnion(stage.when?.mentionedEvents ?? []) }
        return names
    }

    /// Events that change what a condition reads besides the history.
    private func events(changing condition: Expression) -> Set<String> {
        var names: Set<String> = []
        if !condition.mentionedTopics.isEmpty { names = EventNames.consents }
        if condition.usesContact { names.insert(EventNames.identified) }
        for score in scores where condition.mentionedScores.contains(score.name) {
            names.formUnion(score.mentionedEvents)
            if !score.fit.isEmpty { names.insert(EventNames.identified) }
        }
        return names
    }
}
