import Expressions
import Model

/// The segments and personas of a workspace, found by what may change them: most events ask for none or few.
///
/// Questions have places: segments come in an order in which each stands behind those that it asks for, and the personas,
/// one question together, behind them all.
public final class SegmentQuestions: Sendable {
    /// The condition of a segment, or those of the personas.
    public struct Question: Sendable {
        public enum Subject: Sendable {
            case segment(Segment)
            case personas(Personas)
        }

        public let subject: Subject
        let needs: StageQuestions.Needs
    }

    /// In their order.
    public let questions: [Question]
    /// All places.
    public let all: Places
    /// Those that time alone may change.
    public let timed: Places
    /// Those that depend on the contact's stage.
    public let staged: Places
    /// Those whose conditions are answered together.
    let ladders: [ThresholdLadder]
    /// The segments, by their names.
    private let places: [String: Int]
    private let index: Index
    /// Per place, everything that may change with it, itself included.
    private let consequences: [Places]

    public init(_ workspace: Workspace) {
        let fits = Set(workspace.scores.filter { !$0.fit.isEmpty }.map(\.name))
        var questions: [Question] = []
        var conditions: [[Expression]] = []
        for segment in workspace.segments {
            conditions.append([segment.when])
            questions.append(Question(subject: .segment(segment), needs: .init([segment.when], fits: fits)))
        }
        if !workspace.personas.ordered.isEmpty {
            let whens = workspace.personas.ordered.map(\.when)
            conditions.append(whens)
            questions.append(Question(subject: .personas(workspace.personas), needs: .init(whens, fits: fits)))
        }
        self.questions = questions
        ladders = ThresholdLadder.all(of: workspace.segments.map { $0.stage == nil ? $0.when : nil })
        places = Dictionary(uniqueKeysWithValues: zip(workspace.segments.map(\.name), questions.indices))
        hasPersonas = !workspace.personas.ordered.isEmpty
        all = Places(questions.indices)
        timed = Places(questions.indices.filter { conditions[$0].contains(where: \.isTimeDependent) })
        let onStage = questions.indices.filter { place in
            if case .segment(let segment) = questions[place].subject, segment.stage != nil { return true }
            return conditions[place].contains(where: \.usesStage)
        }
        staged = Places(onStage)
        var index = Index()
        for (place, conditions) in conditions.enumerated() { index.add(conditions, at: place, workspace.scores) }
        self.index = index
        var consequences = questions.map { _ in Places() }
        for place in questions.indices.reversed() {
            var reach = Places([place])
            if case .segment(let segment) = questions[place].subject {
                for next in index.bySegment[segment.name] ?? Places() { reach.formUnion(consequences[next]) }
            }
            consequences[place] = reach
        }
        self.consequences = consequences
    }

    /// The places that something may change.
    private struct Index {
        var byEvent: [String: Places] = [:]
        var byAttributes = Places()
        var bySegment: [String: Places] = [:]

        mutating func add(_ conditions: [Expression], at place: Int, _ scores: [ScoreModel]) {
            for condition in conditions {
                for event in condition.mentionedEvents { byEvent[event, default: Places()].insert(place) }
                for model in scores where condition.mentionedScores.contains(model.name) {
                    for event in model.mentionedEvents { byEvent[event, default: Places()].insert(place) }
                    if !model.fit.isEmpty { byAttributes.insert(place) }
                }
                // An address decides which consents hold.
                if !condition.mentionedTopics.isEmpty {
                    for event in EventNames.consents { byEvent[event, default: Places()].insert(place) }
                }
                if condition.usesContact || !condition.mentionedTopics.isEmpty { byAttributes.insert(place) }
                for segment in condition.mentionedSegments { bySegment[segment, default: Places()].insert(place) }
            }
        }
    }

    /// What an event may change by itself.
    ///
    /// - Parameter describes: whether it may say something of the contact.
    public func touched(by event: String, describes: Bool) -> Places {
        let touched = index.byEvent[event] ?? Places()
        return describes ? touched.union(index.byAttributes) : touched
    }

    /// What may have to be asked of a contact, whatever comes of each event.
    ///
    /// - Parameter mayAdvance: whether the contact may come to another stage.
    public func asked(_ stirrings: Stirrings, mayAdvance: Bool) -> Places {
        guard !all.isEmpty, !stirrings.isAfresh else { return all }
        var asked = mayAdvance ? staged : Places()
        if stirrings.isWoken { asked.formUnion(timed) }
        if stirrings.describes { asked.formUnion(index.byAttributes) }
        for name in stirrings.names { asked.formUnion(index.byEvent[name] ?? Places()) }
        return closure(of: asked)
    }

    /// Whether the definitions have personas besides a default.
    public let hasPersonas: Bool

    /// Whether the definitions have a segment of this name.
    public func knows(_ segment: String) -> Bool { places[segment] != nil }

    /// Where segments stand; those that the definitions do not have, nowhere.
    func places(of segments: some Sequence<String>) -> Places { Places(segments.lazy.compactMap { self.places[$0] }) }

    /// The questions that ask for a segment.
    func asking(for segment: String) -> Places { index.bySegment[segment] ?? Places() }

    /// `places` and all that may change with them.
    public func closure(of places: Places) -> Places {
        places.reduce(into: Places()) { $0.formUnion(consequences[$1]) }
    }

    /// What must be loaded to ask.
    public func needs(of places: Places) -> StageQuestions.Needs {
        places.reduce(into: StageQuestions.Needs()) { $0.formUnion(questions[$1].needs) }
    }
}
