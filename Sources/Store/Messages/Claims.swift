public import Model
public import Postgres

/// How mailers take messages, hand them over and record what came of it (claim, hand, outcome, release).
///
/// Every step is fenced: it holds only where the attempt it was made for still is the message's attempt.
public enum Claims {
    /// A message in a mailer's hands.
    public struct Claimed: Sendable, Hashable {
        public var message: Message
        public var attempt: Int32
        /// The contact's epoch under which it was claimed.
        public var epoch: Int32
        /// How often a server has put it off.
        public var deferrals: Int32
        /// How often a server has refused it for a fault of its sender's.
        public var refusals: Int32 = 0
        /// Whether it was planned again once already, after a hand-over of which nobody knows the end.
        public var isResent = false
        /// Whether it is to be planned again should nobody learn what becomes of this one.
        public var mayResend = false
        /// On what the gate lets it go, as it is stored; nil for one that is transactional.
        public var basis: JSON?
        /// Whether its journey stands still.
        public var isPaused: Bool
        /// Whether it is a broadcast's, and its contact is not in the broadcast's segment any more.
        public var hasLeftSegment = false

        public init(message: Message, attempt: Int32, epoch: Int32, deferrals: Int32 = 0, isPaused: Bool = false) {
            self.message = message
            self.attempt = attempt
            self.epoch = epoch
            self.deferrals = deferrals
            self.isPaused = isPaused
        }
    }

    /// Messages that are claimed apart from others.
    public enum Kind: Sendable {
        /// What goes by mail, to whomever.
        case mails
        /// What goes by HTTP requests, and what is laid out for visitors.
        case calls
        /// Postcards.
        case cards

        init(of channel: Message.Channel) {
            switch channel {
            case .email, .notify: self = .mails
            case .webhook, .site: self = .calls
            case .postcard: self = .cards
            }
        }

        /// As what they are kept from killing mailers.
        public var work: Pages.Work {
            switch self {
            case .mails: .messages
            case .calls: .calls
            case .cards: .cards
            }
        }

        fileprivate var condition: StaticString {
            switch self {
            case .mails: "channel in ('email', 'notify')"
            case .calls: "channel in ('webhook', 'site')"
            case .cards: "channel = 'postcard'"
            }
        }
    }

    /// Machine time: nothing is put off for longer. What stands further ahead was written by a clock that was wrong, and is
    /// due.
    public static let longestWait = Span.hours(5)

    /// Contacts with messages that are to be claimed.
    public struct Page: Sendable, Hashable {
        /// In order, each once.
        public var contacts: [ContactKey]
        /// Whether there are as many messages as were asked for: more may be due.
        public var isFull: Bool

        public init(contacts: [ContactKey], isFull: Bool) { (self.contacts, self.isFull) = (contacts, isFull) }
    }

    /// Contacts with planned messages that no hint names any more, oldest first: held ones that are due by domain time `now`,
    /// and by machine time `machineNow` the deferred, those of mailers that died, and fresh ones whose hint is late. Of mails
    /// each workspace's transactional ones and its marketing have their shares of `limit`, and so have held ones and others, so
    /// that one backlog holds up no other.
    ///
    /// - Parameters:
    ///   - withTopic: whether messages that have a topic are looked for too.
    ///   - limit: messages in the page, of which a contact may have several.
    public static func duePage(
        _ kind: Kind = .mails, now: Timestamp, machineNow: Timestamp, withTopic: Bool = true, limit: Int32,
        in session: PostgresSession
    ) throws -> Page {
        var found = try session.query(
            """
            select workspace_id, contact_id, count(*) from (
                (select workspace_id, contact_id from messages
                where look_at <= \(machineNow) and (\(withTopic) or topic is null) and \(unescaped: kind.condition)
                    and not \(kind == .mails)
                order by look_at limit \(limit))
                union all
                (select workspace_id, contact_id from messages
                where look_at > \(machineNow + longestWait) and (\(withTopic) or topic is null) and \(unescaped: kind.condition)
                order by look_at limit \(limit))
                union all
                (select workspace_id, contact_id from messages
                where due_at <= \(now) and (\(withTopic) or topic is null) and \(unescaped: kind.condition)
                    and not \(kind == .mails)
                order by due_at limit \(limit))) due
            group by workspace_id, contact_id
            """
        ).map(count)
        if kind == .mails {
            found += try inTurn(now: now, machineNow: machineNow, withTopic: withTopic, limit: limit, in: session)
        }
        return Page(
            contacts: Set(found.map(\.contact)).sorted(),
            isFull: found.reduce(0) { $0 + $1.messages } >= Int64(limit))
    }

    private static func count(_ row: PostgresRow) throws -> (contact: ContactKey, messages: Int64) {
        (try ContactKey(row: row), try row[2, as: Int64.self])
    }

    /// Contacts with mails that are looked for by now or held no longer, of each workspace and stream the oldest: one a turn,
    /// transactional ones first. Workspaces are found one after the other by the index, however many mails each has.
    private static func inTurn(
        now: Timestamp, machineNow: Timestamp, withTopic: Bool, limit: Int32, in session: PostgresSession
    ) throws -> [(contact: ContactKey, messages: Int64)] {
        try session.query(
            """
            with recursive looked_for as (
                (select workspace_id from messages where look_at is not null and \(unescaped: Kind.mails.condition)
                order by workspace_id limit 1)
                union all
                select (
                    select m.workspace_id from messages m
                    where m.look_at is not null and m.\(unescaped: Kind.mails.condition)
                        and m.workspace_id > w.workspace_id order by m.workspace_id limit 1)
                from looked_for w where w.workspace_id is not null
            ), held as (
                (select workspace_id from messages
                where due_at < '9998-12-30 00:00:00+00' and \(unescaped: Kind.mails.condition)
                order by workspace_id limit 1)
                union all
                select (
                    select m.workspace_id from messages m
                    where m.due_at < '9998-12-30 00:00:00+00' and m.\(unescaped: Kind.mails.condition)
                        and m.workspace_id > w.workspace_id order by m.workspace_id limit 1)
                from held w where w.workspace_id is not null
            ), streams as (
                select w.workspace_id, s.is_transactional
                from (select workspace_id from looked_for union select workspace_id from held) w
                cross join (values (true), (false)) s (is_transactional)
                where w.workspace_id is not null and (s.is_transactional or \(withTopic))
            )
            select workspace_id, contact_id, count(*) from (
                select s.workspace_id, due.contact_id
                from streams s
                cross join lateral (
                    (select contact_id, row_number() over (order by look_at) as turn from (
                        select contact_id, look_at from messages
                        where workspace_id = s.workspace_id and (topic is null) = s.is_transactional
                            and look_at <= \(machineNow) and \(unescaped: Kind.mails.condition)
                        order by look_at limit \(limit)) m)
                    union all
                    (select contact_id, row_number() over (order by due_at) as turn from (
                        select contact_id, due_at from messages
                        where workspace_id = s.workspace_id and (topic is null) = s.is_transactional
                            and due_at <= \(now) and due_at < '9998-12-30 00:00:00+00'
                            and \(unescaped: Kind.mails.condition)
                        order by due_at limit \(limit)) m)
                ) due
                -- Where there are more streams than places, none has the same place each time.
                order by due.turn, s.is_transactional desc, random() limit \(limit)
            ) shared
            group by workspace_id, contact_id
            """
        ).map(count)
    }

    /// The due messages of `contacts`, whose `send_state` the caller has locked.
    public static func due(
        _ kind: Kind = .mails, of contacts: some Collection<ContactKey>, epochs: [ContactKey: Int32], now: Timestamp,
        machineNow: Timestamp, in session: PostgresSession
    ) throws -> [Claimed] {
        let rows = try session.query(
            """
            select \(unescaped: columns), m.attempt, m.deferrals, j.paused_at is not null,
                m.segment is not null and not exists (
                    select from segment_members s
                    where s.workspace_id = m.workspace_id and s.contact_id = m.contact_id and s.segment = m.segment),
                m.refusals, m.content, m.resent_at is not null
            from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact))) as u (workspace_id, contact_id)
            cross join lateral (
                -- Contact by contact, however few the planner believes to be planned.
                select * from messages m
                where m.workspace_id = u.workspace_id and m.contact_id = u.contact_id and m.state = 'planned'
                    and (m.due_at is null or m.due_at <= \(now)) and m.\(unescaped: kind.condition)
                    and (m.retry_at is null or m.retry_at <= \(machineNow) or m.retry_at > \(machineNow + longestWait))
                offset 0) m
            left join journeys j on j.workspace_id = m.workspace_id and j.journey = m.journey
            order by m.workspace_id, m.contact_id, m.planned_at, m.message_id
            """)
        return try rows.map { row in
            let message = try Message(row: row)
            var claimed = Claimed(
                message: message, attempt: try row[13, as: Int32.self] + 1, epoch: epochs[message.contact] ?? 0,
                deferrals: try row[14, as: Int32.self], isPaused: try row[15, as: Bool.self])
            claimed.hasLeftSegment = try row[16, as: Bool.self]
            claimed.refusals = try row[17, as: Int32.self]
            claimed.message.content = try row[18, as: JSON?.self]
            claimed.isResent = try row[19, as: Bool.self]
            return claimed
        }
    }

    /// Opens a claim of a mailer on messages, that lasts until `expiresAt` (machine time).
    public static func open(
        _ claim: UniqueID, of messages: [Claimed], mailer: String, expiresAt: Timestamp, in session: PostgresSession
    ) throws {
        try open(
            claim, on: messages.map { ($0.message.contact, $0.message.id) }, mailer: mailer, expiresAt: expiresAt,
            in: session)
    }

    /// The same by the keys of messages that are claimed under it soon.
    public static func open(
        _ claim: UniqueID, on messages: [(contact: ContactKey, id: UniqueID)], mailer: String, expiresAt: Timestamp,
        in session: PostgresSession
    ) throws {
        try session.execute(
            """
            insert into claims (claim_id, mailer, expires_at, workspace_ids, contact_ids, message_ids)
            values (
                \(claim), \(mailer), \(expiresAt), \(messages.map(\.contact.workspace)),
                \(messages.map(\.contact.contact)), \(messages.map(\.id)))
            """)
    }

    /// Marks messages claimed that the gate lets through until `validUntil` (domain time).
    public static func claim(
        _ messages: [(claimed: Claimed, address: String, validUntil: Timestamp)], under claim: UniqueID,
        in session: PostgresSession
    ) throws {
        guard !messages.isEmpty else { return }
        try session.execute(
            """
            update messages m
            set state = 'claimed', attempt = u.attempt, epoch = u.epoch, valid_until = u.valid_until,
                address = u.address, basis = u.basis, may_resend = u.may_resend, claim_id = \(claim), due_at = null,
                look_at = null, retry_at = null
            from unnest(
                \(messages.map(\.claimed.message.contact.workspace)),
                \(messages.map(\.claimed.message.contact.contact)), \(messages.map(\.claimed.message.id)),
                \(messages.map(\.claimed.attempt)), \(messages.map(\.claimed.epoch)), \(messages.map(\.validUntil)),
                \(messages.map(\.address)), \(messages.map(\.claimed.basis)), \(messages.map(\.claimed.mayResend))
            ) as u (workspace_id, contact_id, message_id, attempt, epoch, valid_until, address, basis, may_resend)
            where m.workspace_id = u.workspace_id and m.contact_id = u.contact_id and m.message_id = u.message_id
                and m.state = 'planned'
            """)
    }

    static let columns: StaticString =
        """
        m.workspace_id, m.contact_id, m.message_id, m.run_id, m.journey, m.step, m.visit, m.revision, m.template, m.topic,
        m.planned_at, m.cause_at, m.channel
        """
}

extension Message {
    /// Reads the first thirteen columns of a row.
    init(row: PostgresRow) throws {
        self.init(
            contact: try ContactKey(row: row), id: try row[2, as: UniqueID.self], run: try row[3, as: UniqueID.self],
            journey: try row[4, as: String.self], step: try row[5, as: String.self],
            visit: try row[6, as: Int32.self], revision: try row[7, as: Int32.self],
            template: try row[8, as: String.self], topic: try row[9, as: String?.self],
            plannedAt: try row[10, as: Timestamp.self], causeAt: try row[11, as: Timestamp?.self],
            channel: Message.Channel(rawValue: try row[12, as: String.self]) ?? .email)
    }
}
