import Expressions
import JourneyProgram
import Model
import Store
import Workspaces

/// A workspace's live definitions as scoring asks them; of one batch, whose contacts are much alike.
final class AudienceRules {
    let revision: Int32
    let workspace: Workspace
    let stages: StageQuestions
    let segments: SegmentQuestions
    /// Earlier revisions that make the same of every contact.
    let equals: Set<Int32>
    /// The events on which journeys start.
    let entryEvents: Set<String>
    /// Per event, the entry events whose conditions look back at it.
    private let lookedBackAt: [String: Set<String>]
    /// The segments on which journeys start, each with whether one takes those whom a definition found there.
    private let entrySegments: [String: Bool]
    private var known: [Occasion: Questions] = [:]

    /// What may be asked of a contact, and what must be loaded to ask.
    struct Questions {
        /// The places of the stages.
        let stages: Set<Int>
        /// The places of the segments and personas.
        let segments: Set<Int>
        let needs: StageQuestions.Needs
    }

    private struct Occasion: Hashable {
        let stage: String?
        let stirrings: Stirrings
    }

    init(_ workspace: Workspace, revision: Int32, equals: Set<Int32> = []) {
        self.equals = equals
        self.revision = revision
        self.workspace = workspace
        stages = StageQuestions(workspace)
        segments = SegmentQuestions(workspace)
        var entrySegments: [String: Bool] = [:]
        var entryEvents: Set<String> = []
        var lookedBackAt: [String: Set<String>] = [:]
        for journey in workspace.journeys.map(\.journey) {
            if case .segment(let name, let backfill) = journey.entry.trigger {
                entrySegments[name] = entrySegments[name] == true || backfill
            }
            guard case .event(let name, let when) = journey.entry.trigger else { continue }
            entryEvents.insert(name)
            for mentioned in when?.mentionedEvents ?? [] { lookedBackAt[mentioned, default: []].insert(name) }
        }
        self.entryEvents = entryEvents
        self.lookedBackAt = lookedBackAt
        self.entrySegments = entrySegments
    }

    /// What may be asked of a contact in a stage; worked out once for all that are alike.
    func questions(above stage: String?, _ stirrings: Stirrings) -> Questions {
        let occasion = Occasion(stage: stage, stirrings: stirrings)
        if let questions = known[occasion] { return questions }
        let places = stages.asked(above: stage, stirrings)
        let asked = segments.asked(stirrings, mayAdvance: !places.isEmpty)
        let questions = Questions(
            stages: places, segments: asked, needs: stages.needs(of: places).union(segments.needs(of: asked)))
        known[occasion] = questions
        return questions
    }

    /// Whether a contact evaluated under a revision may be something else under this one.
    func differ(from evaluated: Int32) -> Bool { evaluated != revision && !equals.contains(evaluated) }

    /// Whether a journey may start with a move.
    func mayStart(_ move: SegmentMembers.Move) -> Bool {
        guard move.isEntry, let takesBackfill = entrySegments[move.segment] else { return false }
        return takesBackfill || move.cause != .backfill
    }

    /// The entry events whose conditions may come out otherwise once `names` stand before them in the history.
    func entries(lookingBackAt names: some Sequence<String>) -> Set<String> {
        names.reduce(into: []) { $0.formUnion(lookedBackAt[$1] ?? []) }
    }

    /// All entry events whose conditions look back at all.
    var historicEntries: Set<String> { lookedBackAt.values.reduce(into: []) { $0.formUnion($1) } }
}
