import Expressions
import JourneyProgram
import Model
import Store
import Workspaces

/// A workspace's live definitions as scoring asks them.
struct AudienceRules {
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
