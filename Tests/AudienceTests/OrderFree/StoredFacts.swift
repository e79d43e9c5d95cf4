import Model
import Postgres
import Store
import TestSupport

/// All facts, in forms that are equal when the facts are.
struct StoredFacts: Hashable, Sendable {
    /// Subject and its contact.
    var survivors: Set<String> = []
    var events: Set<String> = []
    /// Empty ones left out.
    var attributes: [UniqueID: [String: JSON]] = [:]
    /// Contact, model, epoch and end; sums of zero, and what has ended, left out.
    var scores: [String: Int64] = [:]
    var consents: Set<String> = []
    /// The topics to which mail may go; empty ones left out.
    var topics: [UniqueID: Set<String>] = [:]
    /// Empty ones left out.
    var segments: [UniqueID: Set<String>] = [:]
    /// Other than the default.
    var personas: [UniqueID: String] = [:]
    /// The furthest stage: with conditions that only become true it is a fact as well.
    var stages: [UniqueID: String] = [:]

    /// Where two differ, in words; empty where they are equal.
    func differences(from expected: StoredFacts) -> [String] {
        Self.differ("subject", survivors, expected.survivors) + Self.differ("event", events, expected.events)
            + Self.differ("consent", consents, expected.consents)
            + Self.differ("attributes", attributes, expected.attributes)
            + Self.differ("score", scores, expected.scores) + Self.differ("topics", topics, expected.topics)
            + Self.differ("stage", stages, expected.stages)
            + Self.differ("segments", segments, expected.segments)
            + Self.differ("persona", personas, expected.personas)
    }

    private static func differ(_ what: String, _ found: Set<String>, _ expected: Set<String>) -> [String] {
        found.subtracting(expected).sorted().map { "\(what) too much: \($0)" }
            + expected.subtracting(found).sorted().map { "\(what) missing: \($0)" }
    }

    private static func differ<Key: Hashable, Value: Equatable>(
        _ what: String, _ found: [Key: Value], _ expected: [Key: Value]
    ) -> [String] {
        Set(found.keys).union(expected.keys).filter { found[$0] != expected[$0] }.map { key in
            func words(_ value: Value?) -> String { value.map { "\($0)" } ?? "none" }
            return "\(what) of \(key): \(words(found[key])), not \(words(expected[key]))"
        }.sorted()
    }
}

extension Bench {
    func storedFacts() async throws -> StoredFacts {
        try await database.pool.withTransaction { session in
            var facts = StoredFacts()
            facts.survivors = try texts(
                "select concat_ws(' ', contact_id, coalesce(merged_into, contact_id)) from contacts", session)
            facts.events = try texts(
                """
                select concat_ws(
                    ' ', coalesce(c.merged_into, l.subject_id), l.subject_id,
                    (extract(epoch from l.at) * 1000000)::bigint, l.name, l.event_id)
                from event_log l
                join contacts c on c.workspace_id = l.workspace_id and c.contact_id = l.subject_id
                """, session)
            facts.consents = try texts(
                """
                select concat_ws(
                    ' ', contact_id, topic, channel, '<' || address || '>',
                    (extract(epoch from at) * 1000000)::bigint, event_id, state)
                from consents
                """, session)
            for row in try session.query(
                "select concat_ws(' ', contact_id, model, epoch), amount from scores where amount <> 0")
            {
                facts.scores[try row[0, as: String.self]] = try row[1, as: Int64.self]
            }
            for row in try session.query(
                """
                select concat_ws(' ', contact_id, model, epoch), until, amount from expiring_scores
                where amount <> 0 and until > \(Bench.start)
                """)
            {
                facts.scores["\(try row[0, as: String.self]) until \(try row[1, as: Timestamp.self])"] =
                    try row[2, as: Int64.self]
            }
            let survivors = try session.query("select contact_id from contacts where merged_into is null").map {
                ContactKey(workspace: workspace, contact: try $0[0, as: UniqueID.self])
            }
            for row in try session.query("select contact_id, segment from segment_members") {
                facts.segments[try row[0, as: UniqueID.self], default: []].insert(try row[1, as: String.self])
            }
            for row in try session.query("select contact_id, persona from personas") {
                facts.personas[try row[0, as: UniqueID.self]] = try row[1, as: String.self]
            }
            let consents = try Consents.current(of: survivors, in: session)
            let withEvents = try texts("select contact_id::text from events", session)
            for (key, state) in try Contacts.states(of: survivors, in: session) {
                if !state.attributes.isEmpty { facts.attributes[key.contact] = state.attributes }
                let topics = (consents[key] ?? []).topics(givenAt: state.address)
                if !topics.isEmpty { facts.topics[key.contact] = topics }
                if withEvents.contains("\(key.contact)") { facts.stages[key.contact] = state.stage ?? "none" }
            }
            return facts
        }
    }

    private func texts(_ query: Query, _ session: PostgresSession) throws -> Set<String> {
        Set(try session.query(query).map { try $0[0, as: String.self] })
    }
}
