public import Model
public import Postgres

/// Messages as the scheduler plans them and reads their verdicts.
public enum Messages {
    /// What became of a message, as its run sees it.
    public struct Verdict: Sendable, Hashable {
        public var step: String
        public var visit: Int32
        public var state: Message.State
        /// When it was last handed over, or else when it became final; nil while neither.
        public var settledAt: Timestamp?
        /// What the receiver of a request said.
        public var answer: JSON?
        /// When it was planned, where the gate has looked at it and holds it; else nil.
        public var heldSince: Timestamp?
        /// The raw value of the send gate's reasons.
        public var reasons: UInt32 = 0
    }

    /// How long a fresh message waits for its hint to bring it to a mailer, before mailers look for it themselves. No hint
    /// names what goes otherwise than by mail.
    static let hintPatience = Span.seconds(5)

    /// Plans messages; one that is planned already stays as it is.
    ///
    /// - Parameter machineNow: the writer's own clock, by which a hint is late.
    /// - Returns: how many were not planned before.
    @discardableResult
    public static func plan(_ messages: [Message], machineNow: Timestamp, in session: PostgresSession) throws -> Int {
        guard !messages.isEmpty else { return 0 }
        return try session.execute(
            """
            insert into messages (
                workspace_id, contact_id, message_id, run_id, journey, step, visit, revision, template, topic, state,
                planned_at, cause_at, channel, look_at, segment, tested, show_until, content)
            select u.w, u.contact, u.message, u.run, u.journey, u.step, u.visit, u.revision, u.template, u.topic,
                'planned', u.at, u.cause_at, u.channel,
                case when u.is_hinted then \(machineNow + hintPatience) else \(machineNow) end, u.segment,
                u.tested, u.show_until, u.content
            from unnest(
                \(messages.map(\.contact.workspace)), \(messages.map(\.contact.contact)), \(messages.map(\.id)),
                \(messages.map(\.run)), \(messages.map(\.journey)), \(messages.map(\.step)),
                \(messages.map(\.visit)), \(messages.map(\.revision)), \(messages.map(\.template)),
                \(messages.map(\.topic)), \(messages.map(\.plannedAt)), \(messages.map(\.causeAt)),
                \(messages.map(\.channel.rawValue)), \(messages.map(\.segment)), \(messages.map(\.tested)),
                \(messages.map(\.showUntil)), \(messages.map(\.channel.isMail)),
                \(messages.map(\.content))
            ) as u (w, contact, message, run, journey, step, visit, revision, template, topic, at, cause_at, channel,
                segment, tested, show_until, is_hinted, content)
            on conflict do nothing
            """)
    }

    /// The verdicts on the messages of `runs`.
    public static func verdicts(
        of runs: [Run], in session: PostgresSession
    ) throws -> [UniqueID: [Verdict]] {
        guard !runs.isEmpty else { return [:] }
        let rows = try session.query(
            """
            select m.run_id, m.step, m.visit, m.state, coalesce(m.handed_at, m.final_at), m.answer, m.reasons,
                case when m.state = 'planned' and m.due_at is not null and m.reasons <> 0 then m.planned_at end
            from unnest(\(runs.map(\.contact.workspace)), \(runs.map(\.contact.contact)), \(runs.map(\.id)))
                as u (workspace_id, contact_id, run_id)
            join messages m using (workspace_id, contact_id, run_id)
            """)
        var verdicts: [UniqueID: [Verdict]] = [:]
        for row in rows {
            let (run, step, visit, state, settledAt, answer, reasons, heldSince) = try row.decode(
                (
                    UniqueID.self, String.self, Int32.self, String.self, Timestamp?.self, JSON?.self, Int32.self,
                    Timestamp?.self
                ))
            guard let state = Message.State(rawValue: state) else { continue }
            verdicts[run, default: []].append(
                Verdict(
                    step: step, visit: visit, state: state, settledAt: settledAt, answer: answer,
                    heldSince: heldSince, reasons: UInt32(bitPattern: reasons)))
        }
        return verdicts
    }

    /// Which of `templates` contacts have had, or are about to get.
    public static func received(
        by contacts: some Collection<ContactKey>, of templates: Set<String>, in session: PostgresSession
    ) throws -> [ContactKey: Set<String>] {
        guard !contacts.isEmpty, !templates.isEmpty else { return [:] }
        let rows = try session.query(
            """
            select distinct m.workspace_id, m.contact_id, m.template
            from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact))) as u (workspace_id, contact_id)
            join messages m using (workspace_id, contact_id)
            where m.template = any(\(Array(templates)))
                and m.state in ('planned', 'claimed', 'handed', 'accepted', 'unknown')
            """)
        return try rows.reduce(into: [:]) { received, row in
            received[try ContactKey(row: row), default: []].insert(try row[2, as: String.self])
        }
    }

    /// Plans messages again that were set aside because mailers died of them; others stay as they are.
    public static func takeUp(
        _ messages: [(contact: ContactKey, id: UniqueID)], machineNow: Timestamp, in session: PostgresSession
    ) throws {
        guard !messages.isEmpty else { return }
        let survivors = try Contacts.survivors(of: messages.map(\.contact), in: session)
        let contacts = messages.map { survivors[$0.contact] ?? $0.contact }
        try session.execute(
            """
            update messages m set state = 'planned', look_at = \(machineNow), final_at = null
            from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact)), \(messages.map(\.id)))
                as u (workspace_id, contact_id, message_id)
            where m.workspace_id = u.workspace_id and m.contact_id = u.contact_id and m.message_id = u.message_id
                and m.state = 'refused' and starts_with(m.reply, \(Claims.setAsideMark))
            """)
    }
}
