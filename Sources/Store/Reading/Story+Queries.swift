import Contracts
import Model
import Postgres

extension Story {
    static func eventCount(of contact: ContactKey, in session: PostgresSession) throws -> Int64 {
        try session.query(
            """
            select count(*) from contacts c
            join event_log l on l.workspace_id = c.workspace_id and l.subject_id = c.contact_id
            where c.workspace_id = \(contact.workspace)
                and (c.contact_id = \(contact.contact) or c.merged_into = \(contact.contact))
            """)[0][0, as: Int64.self]
    }

    static func events(of contact: ContactKey, limit: Int32, in session: PostgresSession) throws -> [Event] {
        let rows = try session.query(
            """
            select l.at, l.received_at, l.event_id, l.name, l.call, l.trust, l.properties, l.context
            from contacts c
            join event_log l on l.workspace_id = c.workspace_id and l.subject_id = c.contact_id
            where c.workspace_id = \(contact.workspace)
                and (c.contact_id = \(contact.contact) or c.merged_into = \(contact.contact))
            order by l.at desc, l.event_id desc limit \(limit)
            """)
        return try rows.reversed().map { row in
            let (at, receivedAt, eventID, name, call, trust, properties, context) = try row.decode(
                (
                    Timestamp.self, Timestamp.self, String.self, String.self, Int16.self, Int16.self, JSON.self,
                    JSON.self
                ))
            return Event(
                at: at, receivedAt: receivedAt, eventID: eventID, name: name,
                call: AcceptedEvent.Call(rawValue: UInt8(call)) ?? .track,
                trust: AcceptedEvent.Trust(rawValue: UInt8(trust)) ?? .publicKey, properties: properties,
                context: context)
        }
    }

    static func stages(of contact: ContactKey, in session: PostgresSession) throws -> [Stages.Reached] {
        try session.query(
            """
            select stage, previous, at, event_id from stages
            where workspace_id = \(contact.workspace) and contact_id = \(contact.contact) order by at, number
            """
        ).map { row in
            let (stage, previous, at, eventID) = try row.decode(
                (String.self, String?.self, Timestamp.self, String.self))
            return Stages.Reached(contact: contact, stage: stage, previous: previous, at: at, eventID: eventID)
        }
    }

    static func decisions(of contact: ContactKey, in session: PostgresSession) throws -> [Decisions.Decision] {
        try session.query(
            """
            select d.decision_id, d.at, d.kind, d.journey, d.run_id, d.step, d.choice, d.saw from decisions d
            where d.workspace_id = \(contact.workspace) and d.contact_id = \(contact.contact)
            order by d.at, d.run_id, d.decision_id
            """
        ).map { row in
            let (id, at, kind, journey, run, step, choice, saw) = try row.decode(
                (
                    UniqueID.self, Timestamp.self, String.self, String?.self, UniqueID?.self, String?.self,
                    String.self, JSON?.self
                ))
            return Decisions.Decision(
                contact: contact, id: id, at: at, kind: kind, journey: journey, run: run, step: step,
                choice: choice, saw: saw)
        }
    }

    static func mails(of contact: ContactKey, in session: PostgresSession) throws -> [Mail] {
        try session.query(
            """
            select message_id, run_id, journey, step, template, topic, state, address, planned_at,
                coalesce(due_at, planned_at), retry_at, attempt, handed_at, final_at, reasons, reply,
                channel, saw, show_until, shown_at, failure, failure_status, came_back_at, came_back_words,
                case when due_at = \(SendLines.inLine) then line end, basis, resent_at
            from messages where workspace_id = \(contact.workspace) and contact_id = \(contact.contact)
            order by planned_at, message_id
            """
        ).map { row in
            Mail(
                id: try row[0, as: UniqueID.self], run: try row[1, as: UniqueID.self],
                journey: try row[2, as: String.self], step: try row[3, as: String.self],
                template: try row[4, as: String.self], topic: try row[5, as: String?.self],
                channel: Message.Channel(rawValue: try row[16, as: String.self]) ?? .email,
                state: Message.State(rawValue: try row[6, as: String.self]) ?? .planned,
                address: try row[7, as: String?.self], plannedAt: try row[8, as: Timestamp.self],
                dueAt: try row[9, as: Timestamp.self], retryAt: try row[10, as: Timestamp?.self],
                attempt: try row[11, as: Int32.self], handedAt: try row[12, as: Timestamp?.self],
                resentAt: try row[26, as: Timestamp?.self],
                finalAt: try row[13, as: Timestamp?.self],
                reasons: UInt32(bitPattern: try row[14, as: Int32.self]), reply: try row[15, as: String?.self],
                failure: try row[20, as: String?.self], failureStatus: try row[21, as: String?.self],
                cameBackAt: try row[22, as: Timestamp?.self], cameBackWords: try row[23, as: String?.self],
                saw: try row[17, as: JSON?.self], basis: try row[25, as: JSON?.self],
                showUntil: try row[18, as: Timestamp?.self], shownAt: try row[19, as: Timestamp?.self],
                line: try row[24, as: String?.self])
        }
    }
}
