import Expressions
import Model
import Postgres
import Scores
import Store
import Transit
import Workspaces

/// Counts scores from the log and what is carried over it, and compares them with those that are stored.
struct ScoreCheck: Sendable {
    private static let slice: Int32 = 500

    let pool: PostgresPool
    let choice: WorkspaceChoice
    private let definitions = DefinitionsCache()

    init(pool: PostgresPool, choice: WorkspaceChoice) {
        self.pool = pool
        self.choice = choice
    }

    /// A score that is not what the log gives.
    struct Difference: Sendable {
        var contact: ContactKey
        var model: String
        var stored: Double
        var counted: Double
        /// The sums are the same, and the events that capped rules count are not.
        var isOfListsAlone: Bool
    }

    struct Report: Sendable {
        var contacts = 0
        var scores = 0
        var differences: [Difference] = []

        mutating func add(_ other: Report) {
            contacts += other.contacts
            scores += other.scores
            differences += other.differences
        }
    }

    /// - Parameter contact: nil for everybody.
    func run(_ contact: String?) async throws -> Report {
        if let contact {
            return try await snapshot { workspace, session in
                try check([ContactDirectory.only(contact, in: workspace, session: session)], of: workspace, session)
            }
        }
        var (report, progress) = (Report(), Progress("contacts"))
        let census = try await snapshot { try ContactDirectory.census(of: $0.id, in: $1).contacts }
        var last: UniqueID?
        repeat {
            let after = last
            let (part, end) = try await snapshot { workspace, session in
                let slice = try ContactDirectory.list(
                    of: workspace.id, after: after, limit: Self.slice, in: session
                ).map(\.contact)
                return (try check(slice, of: workspace, session), slice.last?.contact)
            }
            report.add(part)
            last = end
            progress.show(report.contacts, fraction: Double(report.contacts) / Double(max(1, census)))
        } while last != nil
        progress.end()
        return report
    }

    /// One moment of the store: sums, lists and the log as one commit left them.
    private func snapshot<R: Sendable>(
        _ body: @Sendable (WorkspaceRegister.Entry, PostgresSession) throws -> R
    ) async throws -> R {
        try await pool.withTransaction { session in
            try Snapshot.take(in: session)
            try EventLog.hold(in: session)
            return try body(try choice.enter(in: session), session)
        }
    }

    private func check(
        _ contacts: [ContactKey], of workspace: WorkspaceRegister.Entry, _ session: PostgresSession
    ) throws -> Report {
        var report = Report()
        guard !contacts.isEmpty, workspace.revision > 0 else { return report }
        let now = try DomainClock.read(in: session)
        let states = try Contacts.states(of: contacts, in: session)
        let balances = try ScoreSums.load(of: contacts, in: session)
        let lists = try ScoreCounts.load(of: contacts.reduce(into: [:]) { $0[$1] = .some(nil) }, in: session)
        for (revision, states) in Dictionary(grouping: states.values, by: \.evaluatedRevision) {
            let models = try definitions.workspace(
                workspace.id, revision: revision > 0 ? revision : workspace.revision, in: session
            ).scores
            let names = models.reduce(into: Set<String>()) { $0.formUnion($1.mentionedEvents) }
            let histories = try EventLog.history(of: states.map(\.key), names: names, context: true, in: session)
            let carried = try CarriedScores.load(ofContacts: states.map(\.key), in: session)
            for state in states {
                report.contacts += 1
                report.scores += models.count
                for model in models {
                    let difference = try Self.difference(
                        of: state.key, in: model, balances[state.key]?[model.name] ?? ScoreBalance(),
                        lists[state.key] ?? [:], state.objects ? [] : histories[state.key]?.events ?? [],
                        state.objects ? [] : carried[state.key]?.scores(by: model) ?? [], now: now)
                    report.differences += [difference].compactMap(\.self)
                }
            }
        }
        return report
    }

    private static func difference(
        of contact: ContactKey, in model: ScoreModel, _ stored: ScoreBalance,
        _ lists: [ScoreCounts.Slot: [HistoryPosition]], _ history: [HistoryEvent], _ carried: [CarriedScore],
        now: Timestamp
    ) throws -> Difference? {
        let book = try ScoreBook(model, carried: carried, of: history)
        let isSame = book.balance.standing(at: now) == stored.standing(at: now)
        let counted = book.counted.reduce(into: [:]) { lists, list in
            lists[ScoreCounts.Slot(model: model.name, rule: list.key.rule, day: list.key.day)] = list.value.places
        }
        let listsAreSame = lists.filter { $0.key.model == model.name } == counted
        guard !isSame || !listsAreSame else { return nil }
        return Difference(
            contact: contact, model: model.name, stored: stored.value(halfLife: model.halfLife, now: now),
            counted: book.balance.value(halfLife: model.halfLife, now: now), isOfListsAlone: isSame)
    }
}
