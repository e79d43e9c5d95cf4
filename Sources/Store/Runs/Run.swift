public import Expressions
public import Model
import Postgres

/// One contact's pass through one version of a journey.
public struct Run: Sendable, Hashable {
    public var contact: ContactKey
    public var id: UniqueID
    public var journey: String
    public var journeyVersion: Int32
    public var entryKey: String
    /// Where in the contact's history the run began; it sees what comes strictly after.
    public var entry: HistoryPosition
    public var enteredAt: Timestamp
    /// The journey program's own account of where the run stands.
    public var state: JSON
    /// Counts the changes of `wakeAt`: a timer of another version is stale.
    public var version: Int32
    /// For when the run's timer was last set; it may have gone off since.
    public var wakeAt: Timestamp?
    public var endedAt: Timestamp?
    public var outcome: String?
    /// Whether the contact was in the hold-out when the run began; nil: there was none. Written once, and read by
    /// reports alone.
    public var isHeldOut: Bool?
    /// Since when it waits for its turn to begin; nil: it does not.
    public var waitsSince: Timestamp?

    public init(
        contact: ContactKey, id: UniqueID, journey: String, journeyVersion: Int32, entryKey: String,
        entry: HistoryPosition, enteredAt: Timestamp, state: JSON, version: Int32 = 0, wakeAt: Timestamp? = nil,
        endedAt: Timestamp? = nil, outcome: String? = nil
    ) {
        self.contact = contact
        self.id = id
        self.journey = journey
        self.journeyVersion = journeyVersion
        self.entryKey = entryKey
        self.entry = entry
        self.enteredAt = enteredAt
        self.state = state
        self.version = version
        self.wakeAt = wakeAt
        self.endedAt = endedAt
        self.outcome = outcome
    }
}

extension Run {
    /// What `init(row:)` reads, of `runs r`.
    static let columns: StaticString = """
        r.workspace_id, r.contact_id, r.run_id, r.journey, r.journey_version, r.entry_key, r.entry_at, r.entry_event_id,
        r.entered_at, r.state, r.version, r.wake_at, r.ended_at, r.outcome, r.waits_since
        """

    init(row: PostgresRow) throws {
        self.init(
            contact: try ContactKey(row: row), id: try row[2, as: UniqueID.self], journey: try row[3, as: String.self],
            journeyVersion: try row[4, as: Int32.self], entryKey: try row[5, as: String.self],
            entry: HistoryPosition(at: try row[6, as: Timestamp.self], eventID: try row[7, as: String.self]),
            enteredAt: try row[8, as: Timestamp.self], state: try row[9, as: JSON.self],
            version: try row[10, as: Int32.self], wakeAt: try row[11, as: Timestamp?.self],
            endedAt: try row[12, as: Timestamp?.self], outcome: try row[13, as: String?.self])
        waitsSince = try row[14, as: Timestamp?.self]
    }
}
