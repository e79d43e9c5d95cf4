/// Which PostgreSQL a store lives in, and in which of its histories.
///
/// A dump that is loaded into a new server has another system, a restore to a point in time and a standby that takes over
/// have another timeline, and a database that was made anew has another number.
public struct Lineage: Sendable, Hashable, CustomStringConvertible {
    /// The server's system identifier, which all its copies share.
    public var system: Int64
    /// Counts the server's histories: each restore and each promotion begins another.
    public var timeline: Int32
    public var database: Int64

    public init(system: Int64, timeline: Int32, database: Int64) {
        self.system = system
        self.timeline = timeline
        self.database = database
    }

    public var description: String { "server \(system), timeline \(timeline), database \(database)" }
}
