public import Model
public import Postgres

/// The services' processes, as they last said of themselves. All times are machine time.
public enum Workers {
    /// One process.
    public struct Entry: Sendable, Hashable {
        public var id: UniqueID
        /// `ingest`, `scoring`, `scheduler` or `mailer`.
        public var service: String
        public var host: String
        public var pid: Int32
        public var startedAt: Timestamp
        public var seenAt: Timestamp
        /// Items a second, lately.
        public var rate: Double
        /// What it waits for, in a sentence; nil where nothing.
        public var waitsFor: String?
        /// By `queue lane`, the age in seconds of the oldest body in its hands.
        public var oldest: [String: Double]

        public init(
            id: UniqueID, service: String, host: String, pid: Int32, startedAt: Timestamp, seenAt: Timestamp,
            rate: Double, waitsFor: String?, oldest: [String: Double]
        ) {
            self.id = id
            self.service = service
            self.host = host
            self.pid = pid
            self.startedAt = startedAt
            self.seenAt = seenAt
            self.rate = rate
            self.waitsFor = waitsFor
            self.oldest = oldest
        }
    }

    /// Who has not been heard of for so long is forgotten.
    private static let memory = Span.hours(1)

    /// Notes what a process says of itself.
    public static func note(_ entry: Entry, in session: PostgresSession) throws {
        try session.execute(
            """
            insert into workers (worker_id, service, host, pid, started_at, seen_at, rate, waits_for, oldest)
            values (
                \(entry.id), \(entry.service), \(entry.host), \(entry.pid), \(entry.startedAt), \(entry.seenAt),
                \(entry.rate), \(entry.waitsFor), \(JSON.object(entry.oldest.mapValues { .double($0) })))
            on conflict (worker_id) do update
            set seen_at = excluded.seen_at, rate = excluded.rate, waits_for = excluded.waits_for, oldest = excluded.oldest
            """)
        try session.execute("delete from workers where seen_at < \(entry.seenAt - memory)")
    }

    /// How many processes of a service were heard of in the last half minute.
    public static func living(_ service: String, machineNow: Timestamp, in session: PostgresSession) throws -> Int64 {
        try session.query(
            "select count(*) from workers where service = \(service) and seen_at > \(machineNow - .seconds(30))"
        )[0][0, as: Int64.self]
    }

    /// A process has ended well.
    public static func forget(_ id: UniqueID, in session: PostgresSession) throws {
        try session.execute("delete from workers where worker_id = \(id)")
    }

    /// All that are remembered, by service and start.
    public static func all(in session: PostgresSession) throws -> [Entry] {
        try session.query(
            """
            select worker_id, service, host, pid, started_at, seen_at, rate, waits_for, oldest from workers
            order by service, started_at, worker_id
            """
        ).map { row in
            var oldest: [String: Double] = [:]
            if case .object(let members) = try row[8, as: JSON.self] {
                for (name, value) in members {
                    switch value {
                    case .double(let seconds): oldest[name] = seconds
                    case .int(let seconds): oldest[name] = Double(seconds)
                    default: break
                    }
                }
            }
            return Entry(
                id: try row[0, as: UniqueID.self], service: try row[1, as: String.self],
                host: try row[2, as: String.self], pid: try row[3, as: Int32.self],
                startedAt: try row[4, as: Timestamp.self], seenAt: try row[5, as: Timestamp.self],
                rate: try row[6, as: Double.self], waitsFor: try row[7, as: String?.self], oldest: oldest)
        }
    }
}
