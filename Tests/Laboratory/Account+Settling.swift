import Foundation
import Messaging
import Postgres
public import TestSupport

extension Cluster {
    /// Settles the account of a cluster at rest.
    public nonisolated func account(expecting expected: Expected = Expected()) async throws -> Account {
        var account = Account()
        try await settleEvents(&account, expected)
        let messages = try await readMessages()
        let mails = try mail.mails()
        try await settleMails(&account, expected, messages, mails)
        settleWithdrawals(&account, messages, mails)
        try await settleConsents(&account)
        try await settleWork(&account, expected)
        try await settleScores(&account)
        return account
    }

    /// Whether nothing waits in any queue. What a consumer holds is not among it, and comes back where that dies.
    nonisolated func isEveryQueueEmpty() async throws -> Bool {
        try await Topology.depths(stage.broker.configuration).allSatisfy { $0.ready == 0 }
    }

    // MARK: I1, I2: events

    private nonisolated func settleEvents(_ account: inout Account, _ expected: Expected) async throws {
        let rows = try await stage.database.pool.withConnection { session in
            try session.query("select event_id, count(*) from event_log where trust <> 2 group by event_id")
                .map { try $0.decode((String.self, Int64.self)) }
        }
        let stored = Set(rows.map(\.0))
        account.lose(
            "events were answered 200 and are not stored",
            journal.accepted.subtracting(stored).subtracting(expected.poison))
        account.double("events are stored twice", rows.filter { $0.1 > 1 }.map(\.0))
        account.complain("events are stored that were not sent", stored.subtracting(journal.sent))
        account.complain("what was to be set aside is stored", stored.intersection(expected.poison))
    }

    // MARK: I3, I7: mails

    struct MessageRow: Sendable {
        var id: String
        var run: String
        var template: String
        var topic: String?
        var state: String
        var address: String?
        var isResent: Bool
    }

    private nonisolated func readMessages() async throws -> [MessageRow] {
        try await stage.database.pool.withConnection { session in
            try session.query(
                """
                select message_id::text, run_id::text, template, topic, state, address, resent_at is not null from messages
                order by planned_at, message_id
                """
            ).map { row in
                let (id, run, template, topic, state, address, isResent) = try row.decode(
                    (String.self, String.self, String.self, String?.self, String.self, String?.self, Bool.self))
                return MessageRow(
                    id: id, run: run, template: template, topic: topic, state: state, address: address,
                    isResent: isResent)
            }
        }
    }

    private nonisolated func settleMails(
        _ account: inout Account, _ expected: Expected, _ messages: [MessageRow], _ mails: [TestMailServer.Mail]
    ) async throws {
        let known = Dictionary(uniqueKeysWithValues: messages.map { ($0.id, $0) })
        let all = Dictionary(grouping: mails, by: \.messageID)
        // Of somebody erased nothing is known of what was before; what comes after may bear the same ids.
        let caught = all.filter { mails in !mails.value.contains { expected.erased.contains($0.to) } }
        let resent = Set(messages.filter(\.isResent).map(\.id))
        account.double(
            "messages were mailed more often than they were planned",
            caught.filter { $0.value.count > (resent.contains($0.key) ? 2 : 1) }.keys)
        account.complain(
            "marketing was planned again", messages.filter { $0.isResent && $0.topic != nil }.map(\.id))
        account.complain("mails went out that no message stands for", caught.keys.filter { known[$0] == nil })
        account.lose(
            "messages count as accepted and were not mailed",
            messages.filter { $0.state == "accepted" && all[$0.id] == nil }.map(\.id))
        account.complain(
            "messages were mailed and do not count as accepted or unknown",
            messages.filter { caught[$0.id] != nil && !$0.isResent && !["accepted", "unknown"].contains($0.state) }.map
            {
                "\($0.id) (\($0.state))"
            })
        account.leaveUnknown(messages.count { $0.state == "unknown" || $0.isResent })
        settleExpected(&account, expected, messages)
        try await settleOrder(&account, caught.values.flatMap(\.self), messages)
    }

    /// Each expected mail has one message, which has gone or is unknown; nothing beyond went to anybody.
    private nonisolated func settleExpected(
        _ account: inout Account, _ expected: Expected, _ messages: [MessageRow]
    ) {
        guard !expected.mails.isEmpty else { return }
        var gone: [String: [String]] = [:]
        for message in messages where ["accepted", "unknown"].contains(message.state) {
            gone[message.address ?? "", default: []].append(message.template)
        }
        func mails(_ all: [String: [String]], _ isMeant: (String, [String], String) -> Bool) -> [String] {
            all.flatMap { address, templates in
                Set(templates).filter { isMeant(address, templates, $0) }.map { "\($0) to \(address)" }
            }
        }
        account.lose(
            "mails are owed",
            mails(expected.mails) { address, _, template in gone[address]?.contains(template) != true })
        account.complain(
            "mails went out that should not",
            mails(gone) { address, _, template in
                expected.mails[address]?.contains(template) != true
                    && expected.perhaps[address]?.contains(template) != true
            })
        account.double(
            "mails went out by two messages",
            mails(gone) { _, templates, template in
                !expected.repeating.contains(template) && templates.count { $0 == template } > 1
            })
    }

    /// By the mail server's own times, a run's mails came in the order in which they were planned: a run goes on when its mail
    /// has been answered. Those that counted as unknown once are left out: a run goes on after them too, and a process that
    /// stood still at the final dot may send it any time later.
    private nonisolated func settleOrder(
        _ account: inout Account, _ mails: [TestMailServer.Mail], _ messages: [MessageRow]
    ) async throws {
        let times = Dictionary(mails.map { ($0.messageID, $0.receivedAt) }) { first, _ in first }
        let unknown = Set(
            try await texts(
                "select properties ->> 'message_id' from event_log where trust = 2 and name = 'Email Unknown'"))
        let received = messages.filter { !unknown.contains($0.id) && !$0.isResent && times[$0.id] != nil }
        let disordered = Dictionary(grouping: received, by: \.run).filter { _, steps in
            zip(steps, steps.dropFirst()).contains { times[$0.id]! > times[$1.id]! }
        }
        account.complain(
            "the mails of runs went out in another order than that of their steps",
            disordered.map { run, steps in
                "\(run) (\(steps.map { "\($0.template) \($0.state) at \(times[$0.id]!)" }.joined(separator: ", ")))"
            })
    }

    // MARK: I5, I6: consent

    private nonisolated func settleWithdrawals(
        _ account: inout Account, _ messages: [MessageRow], _ mails: [TestMailServer.Mail]
    ) {
        let topics = Dictionary(uniqueKeysWithValues: messages.map { ($0.id, $0.topic) })
        for withdrawal in journal.withdrawals where withdrawal.answer == "applied" {
            let late = mails.filter { mail in
                mail.to == withdrawal.address && topics[mail.messageID] == .some(withdrawal.topic)
                    && mail.receivedAt > withdrawal.answeredAt
            }
            account.complain("mails of \(withdrawal.topic) went out after its withdrawal was answered", late.map(\.to))
        }
    }

    private nonisolated func settleConsents(_ account: inout Account) async throws {
        account.complain(
            "messages went out without a consent that held",
            try await texts(
                """
                select m.message_id::text from messages m
                where m.topic is not null and m.state in ('accepted', 'unknown') and (
                    not exists (
                        select from consents c
                        where c.workspace_id = m.workspace_id and c.contact_id = m.contact_id and c.topic = m.topic
                            and c.address = m.address and c.state = 'given')
                    or exists (
                        select from consents c
                        where c.workspace_id = m.workspace_id and c.contact_id = m.contact_id and c.topic = m.topic
                            and c.address = m.address and c.state = 'withdrawn'
                            -- A transaction reads the clock before it waits for its locks.
                            and c.recorded_at < m.handed_at - interval '3 seconds'
                            and not exists (
                                select from consents g
                                where g.workspace_id = m.workspace_id and g.contact_id = m.contact_id
                                    and g.topic = m.topic and g.address = m.address and g.state = 'given'
                                    and g.recorded_at > c.recorded_at and g.recorded_at <= m.handed_at)))
                """))
        account.complain(
            "messages went to suppressed addresses",
            try await texts(
                """
                select m.message_id::text from messages m join suppressions s using (workspace_id)
                where s.address = lower(m.address) and s.at < m.handed_at and m.state in ('accepted', 'unknown')
                """))
    }

    // MARK: I4, I7, I10, I11: what is open, and what is told

    private nonisolated func settleWork(_ account: inout Account, _ expected: Expected) async throws {
        let complaints: [(String, Query)] = [
            (
                "messages are neither at an end nor due in future",
                """
                select message_id::text || ' (' || state || ')' from messages
                where state in ('claimed', 'handed') or state = 'planned' and coalesce(due_at <= clock_time(), true)
                """
            ),
            ("claims are open", "select claim_id::text from claims"),
            // One may have come due since all was at rest, and be looked at any moment.
            (
                "timers are overdue",
                "select run_id::text from timers where due_at <= clock_time() - interval '5 seconds'"
            ),
            (
                "runs have several messages open",
                """
                select run_id::text from messages where state in ('planned', 'claimed', 'handed')
                group by run_id having count(*) > 1
                """
            ),
            ("bodies stand in the outbox", "select outbox_id::text from outbox"),
            ("bodies count as under way", "select flight_id::text from in_flight"),
        ]
        for (sentence, query) in complaints { account.complain(sentence, try await texts(query)) }
        let stranded = try await texts(
            """
            select r.run_id::text from runs r
            where r.ended_at is null
                and not exists (select from timers t where t.run_id = r.run_id)
                and not exists (select from messages m where m.run_id = r.run_id and m.state = 'planned')
            """)
        if stranded.count != expected.stranded {
            account.complain(
                "\(stranded.count) runs have not ended, and nothing will wake them: not \(expected.stranded)",
                stranded + ["in all"])
        }
        let setAside = try await texts("select queue || ': ' || reason from set_aside where replayed_at is null")
        if setAside.count != expected.setAside {
            account.complain("\(setAside.count) items are set aside, not \(expected.setAside)", setAside + ["in all"])
        }
        let depths = try await Topology.depths(stage.broker.configuration)
        account.complain(
            "bodies wait", depths.filter { $0.ready > 0 }.map { "\($0.ready) in \($0.queue.name(in: $0.lane))" })
        account.complain("the log tells otherwise of messages than they stand", try await untrueOutcomes())
    }

    /// Messages whose outcome is told never, twice or wrongly by the events that tell of it.
    private nonisolated func untrueOutcomes() async throws -> [String] {
        try await texts(
            """
            with told as (
                select properties ->> 'message_id' as message, name, count(*) as times from event_log
                where trust = 2 and (name in ('Email Sent', 'Email Skipped') or name in ('Email Unknown', 'Email Refused')
                    and exists (
                        select from messages m
                        where 'Email ' || initcap(m.state) = name and m.message_id::text = properties ->> 'message_id'))
                group by 1, 2
            ), owed as (
                select message_id::text as message, case state
                    when 'accepted' then 'Email Sent' when 'refused' then 'Email Refused'
                    when 'unknown' then 'Email Unknown' else 'Email Skipped' end as name
                from messages where state in ('accepted', 'refused', 'unknown', 'skipped', 'expired')
            )
            select coalesce(owed.message, told.message) || ' ' || coalesce(owed.name, told.name)
                || ' told ' || coalesce(times, 0) || ' times'
            from owed full join told using (message, name)
            where owed.message is null or told.message is null or times <> 1
            """)
    }
}

extension TestMailServer.Mail {
    /// Our id of the message, by the mail's own header.
    public var messageID: String {
        String(field("Message-ID").drop { $0 == "<" }.prefix { $0 != "@" }).lowercased()
    }

    /// The one-click link; nil in a mail without one.
    public var unsubscribeLink: String? {
        text.firstMatch(of: /List-Unsubscribe: <([^>]+)>/).map { String($0.1).replacing("\r\n ", with: "") }
    }
}
