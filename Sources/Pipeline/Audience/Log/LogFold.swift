import CrashPoints
import Expressions
import Model
import Postgres
import Scores
import Store
import Transit
import Workspaces

/// One transaction that takes events out of a sealed part of the log, and counts them into what is carried over.
///
/// The locks of their contacts are held, as by everybody who makes facts: so a fact is made either of the events or of what is
/// carried over of them, and is the same. Killed in between, nothing has happened.
struct LogFold {
    /// What came of a slice.
    enum Outcome: Sendable {
        /// No sealed part, or another process has it in hand.
        case nothing
        case folded(Int)
        /// This part holds no more events, and may be dropped.
        case empty(String)
    }

    let definitions: DefinitionsCache
    let session: PostgresSession

    /// - Throws: `StoreError.mergedMeanwhile`: to be done again.
    func fold(limit: Int32) throws -> Outcome {
        let now = try DomainClock.read(in: session)
        guard let slice = try EventPartitions.next(limit: limit, in: session) else { return .nothing }
        guard !slice.subjects.isEmpty else { return .empty(slice.part) }
        let survivors = try Contacts.survivors(of: Array(slice.subjects), in: session)
        let standings = try Contacts.lock(Set(survivors.values), in: session)
        guard try Contacts.survivors(of: Array(slice.subjects), in: session) == survivors else {
            throw StoreError.mergedMeanwhile
        }
        let models = try models(of: Set(slice.subjects.map(\.workspace)))
        let asksContext = models.values.contains { $0.contains { $0.asksContext } }
        let leaving = try EventPartitions.take(slice, context: asksContext, in: session)
        try addTotals(of: leaving)
        try addScores(
            of: leaving.filter { survivors[$0.subject].flatMap { standings[$0] }?.objects != true }, models, now: now)
        CrashPoint.scoringBeforeCommit.pass()
        return .folded(leaving.count)
    }

    // MARK: Totals

    private func addTotals(of leaving: [EventPartitions.Leaving]) throws {
        let events = Dictionary(grouping: leaving) { EventTotals.Key(subject: $0.subject, name: $0.event.name) }
        let known = try EventTotals.load(events.keys, in: session)
        let totals = events.reduce(into: known) { totals, events in
            for leaving in events.value {
                guard totals[events.key]?.add(CarriedTotal(of: leaving.event)) == nil else { continue }
                totals[events.key] = CarriedTotal(of: leaving.event)
            }
        }
        try EventTotals.save(totals, in: session)
    }

    // MARK: Scores

    private func models(of workspaces: Set<WorkspaceID>) throws -> [WorkspaceID: [ScoreModel]] {
        try WorkspaceRegister.revisions(of: Array(workspaces), in: session).reduce(into: [:]) { models, live in
            guard live.value > 0 else { return }
            models[live.key] = try definitions.workspace(live.key, revision: live.value, in: session).scores
        }
    }

    private func addScores(
        of leaving: [EventPartitions.Leaving], _ models: [WorkspaceID: [ScoreModel]], now: Timestamp
    ) throws {
        let subjects = Dictionary(grouping: leaving, by: \.subject).compactMapValues { leaving in
            let names = Set(leaving.map(\.event.name))
            let concerned = (models[leaving[0].subject.workspace] ?? []).filter {
                !names.isDisjoint(with: $0.mentionedEvents)
            }
            return concerned.isEmpty ? nil : (models: concerned, events: leaving.map(\.event))
        }
        let known = try CarriedScores.load(of: subjects.keys, in: session)
        var added: [CarriedScores.Key: CarriedScores.Entry] = [:]
        for (subject, share) in subjects {
            for model in share.models {
                let key = CarriedScores.Key(subject: subject, model: model.name, rules: model.rulesID)
                // Lists go on from where they are; sums are added to.
                var score = CarriedScore(known[key] ?? CarriedScores.Entry())
                score.balance = ScoreBalance()
                for event in share.events { try score.add(event, by: model) }
                score.balance = score.balance.standing(at: now)
                added[key] = score.entry(of: model)
            }
        }
        try CarriedScores.add(added, in: session)
    }
}

extension CarriedTotal {
    /// A name of a property that is longer is not summed.
    private static let longestName = 200

    fileprivate init(of event: HistoryEvent) {
        let numbers = (event.properties.object ?? [:]).compactMap { name, value in
            name.utf8.count <= Self.longestName ? value.number.map { (name, ExactSum(parts: [$0])) } : nil
        }
        self.init(
            count: 1, first: event.at, last: event.at, sums: Dictionary(numbers) { first, _ in first })
    }
}

extension ScoreModel {
    fileprivate var asksContext: Bool { mentionedEvents.contains { asksContext(of: $0) } }
}
