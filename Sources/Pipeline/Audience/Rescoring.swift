import Model
import Postgres
import Store
import Transit
import Workspaces

/// The scores of a contact that are to be counted afresh from the log, since its sums were made by other rules than those
/// that are live now.
struct Rescoring: Sendable {
    /// Those there are now.
    var models: [ScoreModel] = []
    /// Those whose sums go: of `models`, and of those that are no more.
    var names: Set<String> = []

    static let none = Rescoring()

    init() {}

    /// - Parameter old: the scores that the sums were made by.
    init(from old: [ScoreModel], to new: [ScoreModel]) {
        models = new.filter { model in !old.contains { $0.name == model.name && $0.countsAs(model) } }
        names = Set(models.map(\.name)).union(Set(old.map(\.name)).subtracting(new.map(\.name)))
    }

    /// The events that give points by them.
    var events: Set<String> { models.reduce(into: []) { $0.formUnion($1.mentionedEvents) } }

    /// Whether one of them asks where an event happened.
    var asksContext: Bool { models.contains { model in model.mentionedEvents.contains { model.asksContext(of: $0) } } }
}

/// The rescorings of a batch's contacts, worked out once for each revision.
struct Rescorings {
    private var byContact: [ContactKey: Rescoring] = [:]

    /// - Parameters:
    ///   - standings: under which revision the sums of each contact were made, those included that have just merged.
    ///   - merges: the survivor's sums are also those of who merged into it.
    init(
        _ rules: [WorkspaceID: AudienceRules], standings: [ContactKey: Contacts.Standing],
        merges: IdentityLinks.Outcome, _ definitions: DefinitionsCache, in session: PostgresSession
    ) throws {
        var known: [Revision: Rescoring] = [:]
        for (contact, standing) in standings where standing.evaluatedRevision != 0 {
            guard let live = rules[contact.workspace], standing.evaluatedRevision != live.revision else { continue }
            let revision = Revision(workspace: contact.workspace, number: standing.evaluatedRevision)
            let rescoring = try known[revision] ?? Self.rescoring(from: revision, to: live, definitions, in: session)
            known[revision] = rescoring
            guard !rescoring.names.isEmpty else { continue }
            byContact[merges.survivors[contact] ?? contact, default: .none].formUnion(rescoring)
        }
    }

    /// - Parameter models: those that are counted afresh whatever rules they were counted by.
    func rescoring(of contact: ContactKey, all models: [ScoreModel] = []) -> Rescoring {
        var rescoring = byContact[contact] ?? .none
        rescoring.formUnion(Rescoring(from: [], to: models))
        return rescoring
    }

    private struct Revision: Hashable {
        var workspace: WorkspaceID
        var number: Int32
    }

    private static func rescoring(
        from revision: Revision, to rules: AudienceRules, _ definitions: DefinitionsCache, in session: PostgresSession
    ) throws -> Rescoring {
        do {
            let old = try definitions.workspace(revision.workspace, revision: revision.number, in: session)
            return Rescoring(from: old.scores, to: rules.workspace.scores)
        } catch is DefinitionsError {
            // Definitions that this build cannot read: whatever they were, the sums are made anew.
            return Rescoring(from: [], to: rules.workspace.scores)
        }
    }
}

extension Rescoring {
    fileprivate mutating func formUnion(_ other: Rescoring) {
        for model in other.models where !models.contains(where: { $0.name == model.name }) { models.append(model) }
        names.formUnion(other.names)
    }
}
