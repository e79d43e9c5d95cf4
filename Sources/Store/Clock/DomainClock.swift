public import Model
public import Postgres

/// The one clock: domain time, read once per transaction and bound into every statement that needs it.
public enum DomainClock {
    /// Whether domain time is the host's or stands until it is moved.
    public enum Mode: String, Sendable {
        case real
        case stepped
    }

    /// Domain time and mode, as one transaction reads them.
    public struct Reading: Sendable, Hashable {
        public var now: Timestamp
        public var mode: Mode

        public init(now: Timestamp, mode: Mode) {
            self.now = now
            self.mode = mode
        }
    }

    /// The instant and the mode of this transaction.
    public static func reading(in session: PostgresSession) throws -> Reading {
        guard let row = try session.query("select clock_time(), mode from clock").first else {
            throw StoreError.clockMissing
        }
        let (now, mode) = try row.decode((Timestamp.self, String.self))
        return Reading(now: now, mode: Mode(rawValue: mode) ?? .real)
    }

    /// The instant of this transaction.
    public static func read(in session: PostgresSession) throws -> Timestamp {
        try reading(in: session).now
    }

    /// The mode that `loods migrate` has set; nil before.
    public static func mode(in session: PostgresSession) throws -> Mode? {
        try session.query("select mode from clock").first.map { Mode(rawValue: try $0[0, as: String.self]) } ?? nil
    }

    /// Sets the mode where none is set yet.
    ///
    /// - Returns: the mode that holds now, which may be an older one.
    public static func initialize(_ mode: Mode, at start: Timestamp, in session: PostgresSession) throws -> Mode {
        try session.execute(
            "insert into clock (mode, at) values (\(mode.rawValue), \(start)) on conflict (only_row) do nothing")
        guard let held = try Self.mode(in: session) else { throw StoreError.clockMissing }
        return held
    }

    /// Moves a stepped clock forward to `instant`. Does nothing where it is already there or later.
    public static func step(to instant: Timestamp, in session: PostgresSession) throws {
        try session.execute("update clock set at = \(instant) where mode = 'stepped' and at < \(instant)")
    }
}
