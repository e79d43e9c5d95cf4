public import Model
public import Postgres

extension Claims {
    /// Ends a claim, unless one of its messages is not settled: then it is left to expire.
    public static func close(_ claim: UniqueID, in session: PostgresSession) throws {
        try session.execute(
            """
            with closed as (
                delete from claims
                where claim_id = \(claim) and not exists (select from open_messages where claim_id = \(claim))
                returning claim_id)
            delete from send_sessions s using closed c where s.claim_id = c.claim_id
            """)
    }

    /// Prolongs a claim of a mailer that is alive.
    ///
    /// - Returns: false where it had expired and was released: its messages are no longer this mailer's.
    public static func renew(_ claim: UniqueID, until expiresAt: Timestamp, in session: PostgresSession) throws -> Bool
    {
        try session.execute("update claims set expires_at = \(expiresAt) where claim_id = \(claim)") == 1
    }

    /// The open claims, each with the end that its mailer last gave it, by the clock of its host.
    public static func leases(in session: PostgresSession) throws -> [UniqueID: Timestamp] {
        try session.query("select claim_id, expires_at from claims").reduce(into: [:]) { leases, row in
            leases[try row[0, as: UniqueID.self]] = try row[1, as: Timestamp.self]
        }
    }

    /// Releases claims of mailers that have died: their claimed messages and their requests are planned again; so are, once,
    /// handed mails of a class that is sent again; other handed mails become unknown, and the runs of those are woken.
    ///
    /// - Parameter leases: the claims as they were seen; one that has been renewed since is left alone.
    /// - Returns: the messages of which nobody knows whether they were sent.
    public static func release(
        _ leases: [UniqueID: Timestamp], machineNow: Timestamp, now: Timestamp, in session: PostgresSession
    ) throws -> Doubtful {
        let claims = Array(leases.keys)
        let dead = try session.query(
            """
            select c.claim_id, c.mailer from claims c
            join unnest(\(claims), \(claims.map { leases[$0]! })) as u (claim_id, expires_at) using (claim_id, expires_at)
            order by c.claim_id for update of c skip locked
            """
        ).map { try $0.decode((UniqueID.self, String.self)) }
        guard !dead.isEmpty else { return Doubtful() }
        let expired = dead.map(\.0)
        // In the order that all writers of several messages keep.
        try session.execute(
            """
            select from open_messages o join messages m using (workspace_id, contact_id, message_id)
            where o.claim_id = any(\(expired))
            order by m.workspace_id, m.contact_id, m.message_id
            for no key update of m
            """)
        let rows = try session.query(
            """
            update messages m
            set state = case when \(unescaped: isPlannedAgain) then 'planned' else 'unknown' end, claim_id = null,
                look_at = case when \(unescaped: isResent) then \(machineNow + resendWait)
                    when \(unescaped: isPlannedAgain) then \(machineNow)::timestamptz end,
                retry_at = case when \(unescaped: isResent) then \(machineNow + resendWait)::timestamptz else m.retry_at end,
                attempt = m.attempt + 1,
                handed_at = case when \(unescaped: isPlannedAgain) then null else m.handed_at end,
                resent_at = case when \(unescaped: isResent) then \(now) else m.resent_at end,
                final_at = case when \(unescaped: isPlannedAgain) then null else \(now)::timestamptz end
            from open_messages o
            where o.claim_id = any(\(expired)) and m.workspace_id = o.workspace_id and m.contact_id = o.contact_id
                and m.message_id = o.message_id and m.state in ('claimed', 'handed') and m.claim_id = o.claim_id
            returning \(unescaped: columns), m.state, o.claim_id, o.state = 'handed'
            """)
        try noteTries(rows, Dictionary(uniqueKeysWithValues: dead), at: machineNow, in: session)
        try session.execute("delete from send_sessions where claim_id = any(\(expired))")
        try session.execute("delete from claims where claim_id = any(\(expired))")
        let doubtful = try Doubtful(rows)
        try Timers.ring(doubtful.unknown.map { ($0.contact, $0.run) }, at: now, in: session)
        return doubtful
    }

    /// How long a mail waits that is sent again: its mailer may live, and know what became of the first.
    public static let resendWait = Span.seconds(10)

    /// Messages that a mailer had handed over when it died.
    public struct Doubtful: Sendable, Hashable {
        /// Held as unknown.
        public var unknown: [Message] = []
        /// Planned again, as their class says: whoever had the first gets a second, with the same Message-ID.
        public var resent: [Message] = []

        public var isEmpty: Bool { unknown.isEmpty && resent.isEmpty }

        fileprivate init() {}

        fileprivate init(_ rows: PostgresRows) throws {
            for row in rows where try row[15, as: Bool.self] {
                let message = try Message(row: row)
                if try row[13, as: String.self] == "unknown" {
                    unknown.append(message)
                } else if message.channel.isMail {
                    resent.append(message)
                }
            }
        }
    }

    /// What nobody has been handed, requests and cards, which their receivers know again by their ids, what is laid out, and
    /// what is rather sent twice than not at all.
    private static let isPlannedAgain: StaticString =
        "m.state = 'claimed' or m.channel in ('webhook', 'site', 'postcard') or m.may_resend"

    private static let isResent: StaticString =
        "m.state = 'handed' and m.channel in ('email', 'notify') and m.may_resend"

    /// What a mailer had claimed and not handed when it died may be what killed it.
    private static func noteTries(
        _ rows: PostgresRows, _ mailers: [UniqueID: String], at machineNow: Timestamp, in session: PostgresSession
    ) throws {
        var items: [UniqueID: [UniqueID]] = [:]
        for row in rows where try row[13, as: String.self] == "planned" {
            let kind = Kind(of: try Message(row: row).channel)
            let item = kind.work.item(try ContactKey(row: row))
            items[try row[14, as: UniqueID.self], default: []].append(item)
        }
        for (claim, items) in items {
            let trial = Trials.Trial(begunAt: machineNow, worker: mailers[claim] ?? "mailer", isAlone: false)
            try Pages.note(items, trial, in: session)
        }
    }
}
