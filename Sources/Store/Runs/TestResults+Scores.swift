public import Model
public import Postgres

/// What came of the messages by which a test tries its variants.
extension TestResults {
    /// What counts for a message.
    public enum Evidence: Sendable, Hashable {
        /// An event of this name that names the message, and that is no machine's doing.
        case naming(String)
        /// Any event of this name that happened since it was handed over.
        case since(String)
    }

    /// To how many each variant was handed, and for how many of these the evidence is known: in statements that are short
    /// however many they are.
    public static func scores(
        of place: Place, by evidence: Evidence, until now: Timestamp, in session: PostgresSession
    ) throws -> [Score] {
        try session.execute(
            """
            declare trials no scroll cursor for
            select m.contact_id, m.message_id, m.template, coalesce(m.handed_at, m.planned_at)
            from messages m
            where m.workspace_id = \(place.workspace) and m.journey = \(place.journey) and m.step = \(place.step)
                and m.tested = \(place.entryAt) and m.state in ('handed', 'accepted', 'unknown')
            """)
        var scores: [String: Score] = [:]
        while true {
            let trials = try session.query("fetch forward 5000 from trials").map { try Trial(row: $0) }
            if trials.isEmpty { break }
            for trial in trials {
                scores[trial.template, default: Score(variant: trial.template, sent: 0, counted: 0)].sent += 1
            }
            for (template, counted) in try counts(of: trials, place, by: evidence, until: now, in: session) {
                scores[template]?.counted += counted
            }
        }
        try session.execute("close trials")
        return scores.values.sorted { $0.variant < $1.variant }
    }

    private struct Trial {
        var contact: UniqueID
        var message: UniqueID
        var template: String
        var handedAt: Timestamp

        init(row: PostgresRow) throws {
            (contact, message, template, handedAt) = try row.decode(
                (UniqueID.self, UniqueID.self, String.self, Timestamp.self))
        }
    }

    /// Of how many the evidence is known.
    private static func counts(
        of trials: [Trial], _ place: Place, by evidence: Evidence, until now: Timestamp, in session: PostgresSession
    ) throws -> [(template: String, counted: Int64)] {
        let (name, names, since) =
            switch evidence {
            // What names a message was sent by this cluster's own clock, since the message was.
            case .naming(let name): (name, true, place.entryAt)
            case .since(let name): (name, false, Timestamp.distantPast)
            }
        return try session.query(
            """
            select u.template, count(*)
            from unnest(
                \(trials.map(\.contact)), \(trials.map(\.message)), \(trials.map(\.template)), \(trials.map(\.handedAt)))
                as u (contact_id, message_id, template, handed_at)
            where exists (
                select from contacts c
                join event_log l on l.workspace_id = c.workspace_id and l.subject_id = c.contact_id
                where c.workspace_id = \(place.workspace)
                    and (c.contact_id = u.contact_id or c.merged_into = u.contact_id)
                    and l.sent_time >= \(since) and l.name = \(name) and l.at <= \(now)
                    and case when \(names) then l.properties ->> 'message_id' = u.message_id::text
                            and coalesce(l.properties ->> 'kind', 'human') = 'human'
                        else l.at >= u.handed_at end)
            group by u.template
            """
        ).map { try $0.decode((String.self, Int64.self)) }
    }
}
