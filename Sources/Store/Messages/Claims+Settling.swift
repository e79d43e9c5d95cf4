public import Model
public import Postgres

extension Claims {
    /// Marks messages handed just before their final dot. Their runs stay parked until the outcome is known, so that the mails
    /// of a run go out in the order of its steps, also where the server puts one off at the dot.
    ///
    /// - Returns: the ids of those that may go: claimed still, of this attempt, of the contact's present epoch, valid at `now`,
    ///   of a workspace whose kill switch is off, and of a broadcast those whose contact is in its segment still. The others must lose their connection.
    public static func hand(
        _ messages: [Claimed], now: Timestamp, in session: PostgresSession
    ) throws -> Set<UniqueID> {
        let sorted = messages.sorted { ($0.message.contact, $0.message.id) < ($1.message.contact, $1.message.id) }
        let contacts = sorted.map(\.message.contact)
        // The lock that withdrawals take too: whichever of the two comes second sees what the first has done.
        let epochs = try SendStates.lockKnown(contacts, in: session)
        let rows = try session.query(
            """
            update messages m set state = 'handed', handed_at = \(now)
            from unnest(
                \(contacts.map(\.workspace)), \(contacts.map(\.contact)), \(sorted.map(\.message.id)),
                \(sorted.map(\.attempt)), \(contacts.map { epochs[$0] ?? 0 })
            ) as u (workspace_id, contact_id, message_id, attempt, epoch)
            where m.workspace_id = u.workspace_id and m.contact_id = u.contact_id and m.message_id = u.message_id
                and m.state = 'claimed' and m.attempt = u.attempt and m.epoch = u.epoch and \(now) < m.valid_until
                and (m.segment is null or exists (
                    select from segment_members s
                    where s.workspace_id = m.workspace_id and s.contact_id = m.contact_id and s.segment = m.segment))
                and not exists (select from kill_switches k where k.workspace_id = m.workspace_id)
            returning m.message_id
            """)
        return Set(try rows.map { try $0[0, as: UniqueID.self] })
    }

    /// What came of an attempt.
    public enum Outcome: Sendable, Hashable {
        case accepted
        case refused
        case unknown
        /// Unknown, and of a class that is rather sent twice than not at all: planned again, not before this machine time.
        case resent(retryAt: Timestamp)
        /// The server put it off: planned again, not before this machine time.
        case deferred(retryAt: Timestamp)
        /// The server put it off, and its time is over before the next try; the raw value of the send gate's reasons.
        case expired(reasons: UInt32)
        /// Not handed, and no fault of the message: planned again, not before this machine time.
        case returned(retryAt: Timestamp)
        /// Refused for a fault of its sender's: planned again from this machine time, for the gate to hold.
        case turnedAway(lookAt: Timestamp)
    }

    /// Why a server did not take a mail.
    public struct Failure: Sendable, Hashable {
        /// By who could mend it: `invalid`, `mailbox`, `policy`, `content`, `transient`, `unclear`.
        public var kind: String
        /// The enhanced status code.
        public var status: String?

        public init(kind: String, status: String?) {
            self.kind = kind
            self.status = status
        }
    }

    /// An outcome, and the server's words.
    public typealias Settled = (claimed: Claimed, outcome: Outcome, reply: String?)

    /// Records outcomes where the attempt is still the message's own, whoever its contact has merged into meanwhile, and wakes
    /// the runs of those that are final.
    ///
    /// A message that became unknown because its claim had expired, while its mailer could not reach the store, takes the end
    /// that the mailer knows of: nothing is unknown that somebody knows. So does one that was planned again for that, as long
    /// as nobody has looked at it.
    ///
    /// - Parameters:
    ///   - answers: by message, what receivers of requests said.
    ///   - failures: by message, why servers took none.
    /// - Returns: the ids that took it; for the others another mailer or the release was first.
    public static func settle(
        _ outcomes: [Settled], answers: [UniqueID: JSON] = [:], failures: [UniqueID: Failure] = [:], now: Timestamp,
        in session: PostgresSession
    ) throws -> Set<UniqueID> {
        guard !outcomes.isEmpty else { return [] }
        let notes = Notes(answers: answers, failures: failures)
        var settled = try record(outcomes.map { ($0.claimed.message.contact, $0) }, notes, now: now, in: session)
        let missed = outcomes.filter { !settled.contains($0.claimed.message.id) }
        guard !missed.isEmpty else { return settled }
        // The merge has committed by now, or else the row would have been found or waited for.
        let survivors = try Contacts.survivors(of: missed.map(\.claimed.message.contact), in: session)
        let moved = missed.compactMap { outcome in
            survivors[outcome.claimed.message.contact].flatMap { survivor in
                survivor == outcome.claimed.message.contact ? nil : (survivor, outcome)
            }
        }
        settled.formUnion(try record(moved, notes, now: now, in: session))
        return settled
    }

    /// What is kept of outcomes beside the servers' words, by message.
    private struct Notes {
        var answers: [UniqueID: JSON]
        var failures: [UniqueID: Failure]
    }

    /// Records outcomes of messages of these contacts, in the order that all writers of several messages keep.
    private static func record(
        _ outcomes: [(contact: ContactKey, settled: Settled)], _ notes: Notes, now: Timestamp,
        in session: PostgresSession
    ) throws -> Set<UniqueID> {
        guard !outcomes.isEmpty else { return [] }
        let sorted = outcomes.sorted {
            ($0.contact, $0.settled.claimed.message.id) < ($1.contact, $1.settled.claimed.message.id)
        }
        let settled = sorted.map(\.settled)
        let failures = settled.map { notes.failures[$0.claimed.message.id] }
        let rows = try session.query(
            """
            update messages m
            set state = u.state, look_at = u.retry_at, retry_at = u.retry_at, reply = coalesce(u.reply, m.reply),
                answer = coalesce(u.answer, m.answer),
                failure = case when m.came_back_at is null then u.failure else m.failure end,
                failure_status = case when m.came_back_at is null then u.failure_status else m.failure_status end,
                claim_id = null, deferrals = m.deferrals + u.deferrals, refusals = m.refusals + u.refusals,
                handed_at = case u.state when 'planned' then null when 'expired' then null
                    when 'accepted' then coalesce(m.handed_at, m.resent_at) else m.handed_at end,
                resent_at = case when u.is_resent then \(now) else m.resent_at end,
                reasons = coalesce(u.reasons, m.reasons),
                final_at = case when u.state = 'planned' then null else \(now) end
            from unnest(
                \(sorted.map(\.contact.workspace)), \(sorted.map(\.contact.contact)), \(settled.map(\.claimed.message.id)),
                \(settled.map(\.claimed.attempt)), \(settled.map(\.outcome.state.rawValue)),
                \(settled.map(\.outcome.retryAt)), \(settled.map(\.outcome.deferrals)), \(settled.map(\.reply)),
                \(settled.map { notes.answers[$0.claimed.message.id] }), \(failures.map { $0?.kind }),
                \(failures.map { $0?.status }), \(settled.map(\.outcome.refusals)), \(settled.map(\.outcome.reasons)),
                \(settled.map(\.outcome.isResent))
            ) as u (
                workspace_id, contact_id, message_id, attempt, state, retry_at, deferrals, reply, answer, failure,
                failure_status, refusals, reasons, is_resent)
            where m.workspace_id = u.workspace_id and m.contact_id = u.contact_id and m.message_id = u.message_id
                and (m.state in ('claimed', 'handed') and m.attempt = u.attempt
                    or (m.state = 'unknown' or m.state = 'planned' and m.resent_at is not null and m.look_at is not null)
                        and m.attempt = u.attempt + 1 and u.state in ('accepted', 'refused', 'expired'))
            returning m.workspace_id, m.contact_id, m.run_id, m.message_id, m.state <> 'planned'
            """)
        let final = try rows.filter { try $0[4, as: Bool.self] }
        try Timers.ring(
            try final.map { (try ContactKey(row: $0), try $0[2, as: UniqueID.self]) }, at: now, in: session)
        return Set(try rows.map { try $0[3, as: UniqueID.self] })
    }
}

extension Claims.Outcome {
    /// Where the message stands by it.
    public var state: Message.State {
        switch self {
        case .accepted: .accepted
        case .refused: .refused
        case .unknown: .unknown
        case .expired: .expired
        case .resent, .deferred, .returned, .turnedAway: .planned
        }
    }

    var retryAt: Timestamp? {
        switch self {
        case .resent(let retryAt), .deferred(let retryAt), .returned(let retryAt), .turnedAway(let retryAt): retryAt
        case .accepted, .refused, .unknown, .expired: nil
        }
    }

    var deferrals: Int32 {
        switch self {
        case .deferred, .expired: 1
        case .accepted, .refused, .unknown, .resent, .returned, .turnedAway: 0
        }
    }

    var reasons: Int32? {
        if case .expired(let reasons) = self { Int32(bitPattern: reasons) } else { nil }
    }

    var isResent: Bool { if case .resent = self { true } else { false } }

    var refusals: Int32 {
        if case .turnedAway = self { 1 } else { 0 }
    }
}
