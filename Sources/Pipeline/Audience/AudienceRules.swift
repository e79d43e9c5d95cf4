import Expressions
import JourneyProgram
import Model
import Workspaces

/// A workspace's live definitions as scoring asks them.
struct AudienceRules {
    let revision: Int32
    let workspace: Workspace
    let stages: StageQuestions
    /// The events on which journeys start.
    let entryEvents: Set<String>
    /// Per event, the entry events whose conditions look back at it.
    private let lookedBackAt: [String: Set<String>]

    init(_ workspace: Workspace, revision: Int32) {
        self.revision = revision
        self.workspace = workspace
        stages = StageQuestions(workspace)
        var entryEvents: Set<String> = []
        var lookedBackAt: [String: Set<String>] = [:]
        for journey in workspace.journeys.map(\.journey) {
            guard case .event(let name, let when) = journey.entry.trigger else { continue }
            entryEvents.insert(name)
            for mentioned in when?.mentionedEvents ?? [] { lookedBackAt[mentioned, default: []].insert(name) }
        }
        self.entryEvents = entryEvents
        self.lookedBackAt = lookedBackAt
    }

    /// The entry events whose conditions may come out otherwise once `names` stand before them in the history.
    func entries(lookingBackAt names: some Sequence<String>) -> Set<String> {
        names.reduce(into: []) { $0.formUnion(lookedBackAt[$1] ?? []) }
    }

    /// All entry events whose conditions look back at all.
    var historicEntries: Set<String> { lookedBackAt.values.reduce(into: []) { $0.formUnion($1) } }
}
