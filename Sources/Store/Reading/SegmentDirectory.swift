public import Model
public import Postgres

/// Counts and lists who is in segments, for people who ask.
public enum SegmentDirectory {
    /// A member in a list.
    public struct Member: Sendable, Hashable {
        public var contact: ContactKey
        public var address: String?
        public var enteredAt: Timestamp
        public var ordinal: Int32
        public var cause: SegmentMembers.Cause
    }

    /// How many contacts are in each segment; empty ones are left out.
    public static func census(of workspace: WorkspaceID, in session: PostgresSession) throws -> [String: Int64] {
        let rows = try session.query(
            "select segment, count(*) from segment_members where workspace_id = \(workspace) group by segment")
        return Dictionary(uniqueKeysWithValues: try rows.map { try $0.decode((String.self, Int64.self)) })
    }

    /// How many contacts have each persona; those that have the default are left out.
    public static func personas(of workspace: WorkspaceID, in session: PostgresSession) throws -> [String: Int64] {
        let rows = try session.query(
            "select persona, count(*) from personas where workspace_id = \(workspace) group by persona")
        return Dictionary(uniqueKeysWithValues: try rows.map { try $0.decode((String.self, Int64.self)) })
    }

    /// Up to `limit` members of a segment behind `after`, in the order of their ids.
    public static func members(
        of segment: String, in workspace: WorkspaceID, after: UniqueID? = nil, limit: Int32, session: PostgresSession
    ) throws -> [Member] {
        let start = after ?? UniqueID(high: 0, low: 0)
        return try session.query(
            """
            select s.workspace_id, s.contact_id, c.attributes ->> 'email', s.entered_at, s.ordinal, s.cause
            from segment_members s join contacts c using (workspace_id, contact_id)
            where s.workspace_id = \(workspace) and s.segment = \(segment) and s.contact_id > \(start)
            order by s.contact_id limit \(limit)
            """
        ).map { row in
            Member(
                contact: try ContactKey(row: row), address: try row[2, as: String?.self],
                enteredAt: try row[3, as: Timestamp.self], ordinal: try row[4, as: Int32.self],
                cause: SegmentMembers.Cause(rawValue: try row[5, as: String.self]) ?? .event)
        }
    }

    /// Every entering and leaving of a contact, in order.
    public static func moves(of contact: ContactKey, in session: PostgresSession) throws -> [SegmentMembers.Move] {
        try session.query(
            """
            select segment, move = 'entered', ordinal, at, cause, event_id, revision from segment_moves
            where workspace_id = \(contact.workspace) and contact_id = \(contact.contact)
            order by at, decided_at, segment, ordinal, move
            """
        ).map { row in
            let (segment, isEntry, ordinal, at, cause, eventID, revision) = try row.decode(
                (String.self, Bool.self, Int32.self, Timestamp.self, String.self, String?.self, Int32.self))
            return SegmentMembers.Move(
                contact: contact, segment: segment, isEntry: isEntry, ordinal: ordinal, at: at,
                cause: SegmentMembers.Cause(rawValue: cause) ?? .event, eventID: eventID, revision: revision)
        }
    }
}
