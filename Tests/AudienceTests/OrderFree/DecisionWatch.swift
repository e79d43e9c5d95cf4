import Contracts
import Model
import Postgres
import TestSupport

/// Looks at the decisions while they are taken: what was decided once stays.
struct DecisionWatch {
    private var seen: [String: String] = [:]
    private(set) var complaints: [String] = []

    /// Everything decided so far, by what must stay the same: the key names the decision, the value says it.
    static func decisions(_ session: PostgresSession) throws -> [String: String] {
        var decisions: [String: String] = [:]
        for query: Query in [
            "select 'decision ' || decision_id, concat_ws(' ', at, kind, journey, run_id, step, choice, saw) from decisions",
            "select 'run ' || run_id, concat_ws(' ', journey, journey_version, entry_at, entry_event_id) from runs",
            "select 'end of run ' || run_id, outcome from runs where ended_at is not null",
            "select 'message ' || message_id, concat_ws(' ', run_id, step, visit, template) from messages",
            "select 'last word on message ' || message_id, state from messages where final_at is not null",
        ] {
            for row in try session.query(query) { decisions[try row[0, as: String.self]] = try row[1, as: String.self] }
        }
        return decisions
    }

    mutating func look(_ session: PostgresSession) throws {
        let found = try Self.decisions(session)
        for (key, value) in seen where found[key] != value {
            complaints.append("revoked: \(key) was (\(value)), is (\(found[key] ?? "gone"))")
        }
        seen = found
        try lookAtStages(session)
    }

    /// Devices that go from user to user: what a user reached stays with the user.
    private let shared: [UniqueID]

    init(shared: [UniqueID]) { self.shared = shared }

    /// The stages of every subject, whoever it has merged into by now.
    private var stages: [String: Set<String>] = [:]
    private static let order = ["see", "think", "do"]

    private mutating func lookAtStages(_ session: PostgresSession) throws {
        var found: [String: Set<String>] = [:]
        let rows = try session.query(
            """
            select c.contact_id::text, s.stage, k.stage
            from contacts c
            join contacts k on k.workspace_id = c.workspace_id and k.contact_id = coalesce(c.merged_into, c.contact_id)
            left join stages s on s.workspace_id = k.workspace_id and s.contact_id = k.contact_id
            where not (c.contact_id = any(\(shared)))
            """)
        for row in rows {
            let subject = try row[0, as: String.self]
            guard let stage = try row[1, as: String?.self] else { continue }
            found[subject, default: []].insert(stage)
            let held = try row[2, as: String?.self]
            if Self.place(held) < Self.place(stage) {
                complaints.append("\(subject) is in \(held ?? "none"), after \(stage)")
            }
        }
        for (subject, reached) in stages where !reached.isSubset(of: found[subject] ?? []) {
            complaints.append("revoked: \(subject) had reached \(reached.sorted())")
        }
        stages = found
    }

    private static func place(_ stage: String?) -> Int { stage.flatMap { order.firstIndex(of: $0) } ?? -1 }
}

/// The reasons that decisions have on record.
struct DecisionReasons {
    private let oracle: Oracle

    init(_ oracle: Oracle) { self.oracle = oracle }

    /// What is wrong with the decisions as they stand at the end; empty when all is well.
    func faults(_ bench: Bench) async throws -> [String] {
        try await bench.database.pool.withTransaction { session in
            try runs(session) + stages(session) + messages(session)
        }
    }

    /// Each run of its own key once, and with an entry decision whose event is there and whose condition holds.
    private func runs(_ session: PostgresSession) throws -> [String] {
        let rows = try session.query(
            """
            select r.contact_id, r.journey, r.entry_key, coalesce(r.outcome, ''), coalesce(d.saw->>'id', ''),
                coalesce(d.saw->>'stage', d.saw->>'segment', ''), d.saw is not null
            from runs r
            left join decisions d on d.workspace_id = r.workspace_id and d.run_id = r.run_id and d.kind = 'entry'
            """)
        var faults: [String] = []
        var keys: Set<[String]> = []
        for row in rows {
            let (contact, journey, key, outcome, id, stage, isTold) = try row.decode(
                (UniqueID.self, String.self, String.self, String.self, String.self, String.self, Bool.self))
            let run = "\(contact)'s \(journey) \(key)"
            if !isTold { faults.append("\(run) has no reason on record") }
            if oracle.survivors[contact] != contact { faults.append("\(run) is with a contact that has merged away") }
            if outcome != "merged", !keys.insert(["\(contact)", journey, key]).inserted {
                faults.append("\(run) twice")
            }
            switch journey {
            case "thinker":
                if stage != "think" { faults.append("\(run) by the stage \(stage)") }
            case "buyer":
                if stage != "buyers" { faults.append("\(run) by the segment \(stage)") }
            default:
                let event = oracle.events.first {
                    $0.eventID == id && oracle.contact(of: $0) == contact && $0.name == "Order Completed"
                }
                guard let event else {
                    faults.append("\(run) by the event \(id), which there is not")
                    continue
                }
                if journey == "welcome", oracle.orders(of: contact, upTo: event) < 2 {
                    faults.append("\(run) by \(id), which is no second order")
                }
                if journey == "receipt", outcome != "merged", event.property("order") != key {
                    faults.append("\(run) by \(id) of another order")
                }
            }
        }
        return faults + missing(keys)
    }

    /// Conditions that only become true: whoever met one has entered, in whatever order it became known.
    private func missing(_ keys: Set<[String]>) -> [String] {
        var due: Set<[String]> = []
        let orders = oracle.events.filter { $0.name == "Order Completed" }
        for (contact, orders) in Dictionary(grouping: orders, by: oracle.contact) {
            if orders.count >= 2 {
                due.insert(["\(contact)", "welcome", ""])
                due.insert(["\(contact)", "buyer", ""])
            }
            for order in orders { due.insert(["\(contact)", "receipt", order.property("order")!]) }
        }
        return due.subtracting(keys).map { "no run: \($0)" }.sorted()
    }

    /// Each stage with an event that is there, be it of a device that has gone to somebody else since.
    private func stages(_ session: PostgresSession) throws -> [String] {
        let shared = [Crowd.shared, Crowd.former].flatMap { device in
            Set(oracle.events.map(\.workspace)).map { device.subjectID(in: $0) }
        }
        return try session.query(
            """
            select concat_ws(' ', s.contact_id, s.stage, s.event_id) from stages s
            where not exists (
                select from events e
                where e.workspace_id = s.workspace_id and e.contact_id = s.contact_id and e.event_id = s.event_id
                    and e.at = s.at)
                and not exists (
                    select from event_log l
                    where l.workspace_id = s.workspace_id and l.subject_id = any(\(shared)) and l.event_id = s.event_id
                        and l.at = s.at)
            """
        ).map { "a stage without its reason: \(try $0[0, as: String.self])" }
    }

    /// Each message of a run once, and of no run that a merge has ended.
    private func messages(_ session: PostgresSession) throws -> [String] {
        let orphans = try session.query(
            """
            select m.message_id::text from messages m
            left join runs r on r.workspace_id = m.workspace_id and r.contact_id = m.contact_id and r.run_id = m.run_id
            where r.run_id is null or (r.outcome = 'merged') <> (m.state = 'withdrawn')
            """
        ).map { "a message without its run, or out of step with it: \(try $0[0, as: String.self])" }
        return orphans
            + (try session.query(
                "select run_id::text from messages group by run_id, step, visit having count(*) > 1"
            ).map { "planned twice: a message of run \(try $0[0, as: String.self])" })
    }
}
