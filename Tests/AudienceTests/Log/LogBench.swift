import Contracts
import Expressions
import Model
import Postgres
import Store
import Testing
import TestSupport
import Transit
import Workspaces

@testable import Audience

/// Definitions that look back in every way, and what they see of a contact.
enum LogShop {
    static let files: [String: String] = Shop.files.merging([
        "scores.yaml": """
        scores:
          - score: attention
            half_life: 60d
            points:
              - {event: Page Viewed, points: 1.1, cap: {per_day: 2, total: 7}}
              - {event: Form Submitted, points: 3, expires: 400d}
          - score: loyalty
            points: [{event: Order Completed, points: 2.5, when: 'event.properties.revenue > 1.0'}]
        """,
        "stages.yaml": """
        stages:
          - stage: see
          - {stage: do, when: 'count("Order Completed") >= 2'}
        """,
    ]) { $1 }

    static let questions = [
        #"did("Order Completed")"#, #"count("Order Completed")"#, #"sum("Order Completed", "revenue")"#,
        #"first("Order Completed")"#, #"last("Order Completed")"#, #"count("Order Completed", "30d")"#,
        #"sum("Order Completed", "revenue", "30d")"#, #"count("Page Viewed")"#, #"last("Page Viewed")"#,
        #"did("Refund Asked")"#,
    ]

    /// A month whose end is some time ago, and the present.
    static let (then, now) = (Bench.start, Timestamp(iso8601: "2026-06-01T09:00:00Z")!)
}

extension Bench {
    func move(to time: Timestamp) async throws {
        try await database.pool.withTransaction { try DomainClock.step(to: time, in: $0) }
    }

    func keeper() async throws -> LogKeeper { LogKeeper(worker: try await worker(), liveWork: LiveWork()) }

    /// The log is kept for a month: what was sent in March is sealed in June.
    func sealMarch() async throws {
        let keeper = try await keeper()
        try await database.pool.withTransaction { try EventRetention.keep(31, by: "test", now: Self.start, in: $0) }
        try await keeper.extend()
        try await move(to: LogShop.now)
        try await keeper.extend()
        #expect(try await keeper.seal())
    }

    /// One slice of what is sealed, as scoring takes it.
    ///
    /// - Parameter isKilled: whether the process dies before it commits.
    func fold(_ limit: Int32, isKilled: Bool = false) async throws -> LogFold.Outcome {
        struct Killed: Error { var outcome: LogFold.Outcome }
        let pool = try database.pool(connections: 1, as: "scoring")
        do {
            return try await pool.withTransaction { session in
                let outcome = try LogFold(definitions: DefinitionsCache(), session: session).fold(limit: limit)
                if isKilled { throw Killed(outcome: outcome) }
                return outcome
            }
        } catch let killed as Killed {
            return killed.outcome
        }
    }

    /// Everything in March goes.
    func letMarchLeave() async throws {
        try await sealMarch()
        let keeper = try await keeper()
        while try await keeper.fold() {}
    }

    /// What conditions see of a contact, and what is booked of its scores.
    func facts(_ kind: Identity.Kind, _ value: String) async throws -> [String] {
        let (id, definitions) = (try await survivor(kind, value) ?? contact(kind, value), try await definitions())
        return try await database.pool.withTransaction { session in
            let names = ["Order Completed", "Page Viewed", "Refund Asked"]
            let past = try EventLog.history(of: [id], names: names, in: session)[id] ?? LoggedHistory()
            let balances = try ScoreSums.load(of: [id], in: session)[id] ?? [:]
            let facts = ContactFacts(definitions, now: LogShop.now, balances: balances, history: past.history)
            let answers = LogShop.questions.map { question in
                let answer = try? Expression(question, scope: [], expecting: .dyn).evaluate(facts).value
                return "\(question): \(answer.map { "\($0)" } ?? "never")"
            }
            let booked = try session.query(
                """
                select concat_ws('|', model, epoch, amount) from scores where contact_id = \(id.contact) and amount <> 0
                union all
                select concat_ws('|', model, epoch, until, amount) from expiring_scores
                where contact_id = \(id.contact) and amount <> 0
                union all
                select concat_ws('|', model, rule, day, counted) from score_counts where contact_id = \(id.contact)
                order by 1
                """
            ).map { try $0[0, as: String.self] }
            let stage = try Contacts.states(of: [id], in: session)[id]?.stage
            return answers + booked + ["stage \(stage ?? "none")"]
        }
    }
}
