public import Model
public import Postgres

/// Where the contacts of a workspace stood at two instants, who went where between them, and what journeys did meanwhile.
public struct Funnel: Sendable {
    /// So many contacts were in one stage at the first instant and in another, or the same, at the second.
    public struct Flow: Sendable, Hashable {
        /// nil: not there yet, or in no stage.
        public var from: String?
        public var to: String?
        public var contacts: Int64
    }

    /// What one journey did between the instants.
    public struct Passage: Sendable, Hashable {
        public var journey: String
        public var entered: Int64 = 0
        /// At the second instant.
        public var underWay: Int64 = 0
        /// By outcome.
        public var ended: [String: Int64] = [:]
        /// What the goals reached between the instants were worth together; nil where none says.
        public var value: Double?

        public init(journey: String) { self.journey = journey }
    }

    /// How many contacts were in a segment at the two instants, and how often it was entered and left between them.
    public struct Membership: Sendable, Hashable {
        public var segment: String
        public var before: Int64 = 0
        public var after: Int64 = 0
        public var entered: Int64 = 0
        public var left: Int64 = 0

        public init(segment: String) { self.segment = segment }
    }

    public var flows: [Flow]
    public var memberships: [Membership]
    public var passages: [Passage]
    /// Per journey, of the runs that began between the instants, who was held out and who was not.
    public var lifts: [String: Lift]

    /// Reads the funnel; contacts that have merged away are left out.
    ///
    /// - Parameters:
    ///   - stages: in the order of the journey.
    ///   - keepsStages: whether a stage once reached is kept, so that a contact was in the furthest it had reached; else it
    ///     was in the one it had moved to last.
    public static func read(
        of workspace: WorkspaceID, stages: [String], keepsStages: Bool, from: Timestamp, to: Timestamp, now: Timestamp,
        in session: PostgresSession
    ) throws -> Funnel {
        let flows = try session.query(
            """
            select before, case when \(to >= now) then stage else after end, count(*)
            from (
                select c.contact_id, c.stage,
                    (array_agg(s.stage order by s.place desc, s.number desc) filter (where s.at <= \(from)))[1] as before,
                    (array_agg(s.stage order by s.place desc, s.number desc) filter (where s.at <= \(to)))[1] as after
                from contacts c
                left join lateral (
                    select m.stage, m.at, m.number,
                        case when \(keepsStages) then coalesce(array_position(\(stages), m.stage), 0) else 0 end as place
                    from stages m
                    where m.workspace_id = c.workspace_id and m.contact_id = c.contact_id
                ) s on true
                where c.workspace_id = \(workspace) and c.merged_into is null
                group by c.contact_id, c.stage
            ) as standing
            group by 1, 2
            """
        ).map { row in
            let (from, to, contacts) = try row.decode((String?.self, String?.self, Int64.self))
            return Flow(from: from, to: to, contacts: contacts)
        }
        return Funnel(
            flows: flows, memberships: try memberships(of: workspace, from: from, to: to, in: session),
            passages: try passages(of: workspace, from: from, to: to, in: session),
            lifts: try lifts(of: workspace, from: from, to: to, in: session))
    }

    private static func memberships(
        of workspace: WorkspaceID, from: Timestamp, to: Timestamp, in session: PostgresSession
    ) throws -> [Membership] {
        try session.query(
            """
            select e.segment,
                count(*) filter (where e.at <= \(from) and (l.at is null or l.at > \(from))),
                count(*) filter (where e.at <= \(to) and (l.at is null or l.at > \(to))),
                count(*) filter (where e.at > \(from) and e.at <= \(to)),
                count(*) filter (where l.at > \(from) and l.at <= \(to))
            from segment_moves e
            left join segment_moves l on l.workspace_id = e.workspace_id and l.contact_id = e.contact_id
                and l.segment = e.segment and l.ordinal = e.ordinal and l.move = 'left'
            where e.workspace_id = \(workspace) and e.move = 'entered'
            group by e.segment order by e.segment
            """
        ).map { row in
            var membership = Membership(segment: try row[0, as: String.self])
            (membership.before, membership.after, membership.entered, membership.left) = (
                try row[1, as: Int64.self], try row[2, as: Int64.self], try row[3, as: Int64.self],
                try row[4, as: Int64.self]
            )
            return membership
        }
    }

    private static func passages(
        of workspace: WorkspaceID, from: Timestamp, to: Timestamp, in session: PostgresSession
    ) throws -> [Passage] {
        let rows = try session.query(
            """
            select journey, coalesce(outcome, ''), count(*) filter (where entered_at > \(from)),
                count(*) filter (where ended_at is null or ended_at > \(to)),
                count(*) filter (where ended_at > \(from) and ended_at <= \(to))
            from runs where workspace_id = \(workspace) and entered_at <= \(to)
            group by 1, 2
            """)
        var passages: [String: Passage] = [:]
        for row in rows {
            let (journey, outcome, entered, underWay, ended) = try row.decode(
                (String.self, String.self, Int64.self, Int64.self, Int64.self))
            var passage = passages[journey] ?? Passage(journey: journey)
            passage.entered += entered
            passage.underWay += underWay
            if ended > 0 { passage.ended[outcome, default: 0] += ended }
            passages[journey] = passage
        }
        for (journey, value) in try values(of: workspace, from: from, to: to, in: session) {
            passages[journey, default: Passage(journey: journey)].value = value
        }
        return passages.values.sorted { $0.journey < $1.journey }
    }

    /// What goals were worth, as was decided when they were reached; none counts for more than the engine takes.
    private static func values(
        of workspace: WorkspaceID, from: Timestamp, to: Timestamp, in session: PostgresSession
    ) throws -> [(journey: String, value: Double)] {
        try session.query(
            """
            select journey, sum(greatest(least((saw->>'value')::numeric, 1e15), -1e15))::double precision
            from decisions
            where workspace_id = \(workspace) and kind = 'end' and choice = 'converted'
                and at > \(from) and at <= \(to) and jsonb_typeof(saw->'value') = 'number'
            group by journey
            """
        ).map { try $0.decode((String.self, Double.self)) }
    }

    /// How many contacts were in a stage at the first instant, and at the second.
    public func counts(of stage: String?) -> (before: Int64, after: Int64) {
        (
            flows.filter { $0.from == stage }.reduce(0) { $0 + $1.contacts },
            flows.filter { $0.to == stage }.reduce(0) { $0 + $1.contacts }
        )
    }
}
