public import Expressions
public import Model
public import Postgres

/// What is known of a contact's past: the events in the log, and what is carried over of those that have left it.
public struct LoggedHistory: Sendable {
    /// In (time, event id) order.
    public var events: [HistoryEvent] = []
    /// By event name, over all subjects that the contact is.
    public var carried: [String: CarriedTotal] = [:]

    public init() {}

    /// As conditions see it.
    public var history: History { History(events, carried: carried) }
}

extension EventLog {
    /// What `contacts` have done of `names`.
    ///
    /// One statement, so that an event that leaves the log meanwhile is seen in one of the two places.
    ///
    /// - Parameters:
    ///   - instants: of events of some names, those that happened then or later are enough.
    ///   - properties: whether events carry what they say, and totals the sums of it; without it conditions see only that
    ///     they happened, and when.
    ///   - context: whether events carry where they happened, which few conditions ask.
    public static func history(
        of contacts: some Collection<ContactKey>, names: some Collection<String>,
        since instants: [String: Timestamp] = [:], properties: Bool = true, context: Bool = false,
        in session: PostgresSession
    ) throws -> [ContactKey: LoggedHistory] {
        guard !contacts.isEmpty, !names.isEmpty else { return [:] }
        let names = Array(names)
        let starts = names.map { instants[$0] ?? Timestamp(microseconds: .min) }
        let rows = try session.query(
            """
            with wanted as (
                select * from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact))) as u (w, contact)
            ), subjects as not materialized (
                select w, contact, contact as subject from wanted
                union all
                select w, contact, c.contact_id
                from wanted join contacts c on c.workspace_id = w and c.merged_into = contact
            )
            select s.w, s.contact, l.at, l.event_id, l.name,
                case when \(properties) then l.properties end, case when \(context) then l.context end
            from subjects s cross join lateral (
                -- Subject by subject: for many at once the planner would rather read the whole log, until that is long.
                select at, event_id, name, properties, context from event_log
                where workspace_id = s.w and subject_id = s.subject and name = any(\(names))
                    and at >= (\(starts))[array_position(\(names), name)]
                offset 0) l
            union all
            select s.w, s.contact, t.first_at, null, t.name, case when \(properties) then t.sums end,
                jsonb_build_array(t.count, (extract(epoch from t.last_at) * 1000000)::bigint)
            from subjects s cross join lateral (
                -- Subject by subject, also while the planner knows nothing of the table: it begins empty and fills at once.
                select * from event_totals
                -- By all names at once: one search, not one a name.
                where workspace_id = s.w and subject_id = s.subject and (name = any(\(names))) is true offset 0) t
            order by 1, 2, 3, 4
            """)
        var histories: [ContactKey: LoggedHistory] = [:]
        // The rows of one contact stand together.
        var (current, history): (ContactKey?, LoggedHistory) = (nil, LoggedHistory())
        for row in rows {
            let (workspace, contact, at, eventID, name, properties, context) = try row.decode(
                (WorkspaceID.self, UniqueID.self, Timestamp.self, String?.self, String.self, JSON?.self, JSON?.self))
            let key = ContactKey(workspace: workspace, contact: contact)
            if key != current {
                if let current { histories[current] = history }
                (current, history) = (key, LoggedHistory())
            }
            if let eventID {
                history.events.append(
                    HistoryEvent(
                        at: at, eventID: eventID, name: name, properties: properties ?? .object([:]),
                        context: context ?? .object([:])))
            } else if let total = CarriedTotal(
                first: at, countAndLast: context ?? .null, sums: properties ?? .object([:]))
            {
                history.carry(total, of: name)
            }
        }
        if let current { histories[current] = history }
        return histories
    }
}

extension LoggedHistory {
    fileprivate mutating func carry(_ total: CarriedTotal, of name: String) {
        guard carried[name]?.add(total) == nil else { return }
        carried[name] = total
    }
}

extension CarriedTotal {
    fileprivate init?(first: Timestamp, countAndLast: JSON, sums: JSON) {
        guard case .array(let pair) = countAndLast, pair.count == 2, case .int(let count) = pair[0],
            case .int(let last) = pair[1]
        else { return nil }
        self.init(
            count: count, first: first, last: Timestamp(microseconds: last), sums: EventTotals.sums(in: sums))
    }
}
