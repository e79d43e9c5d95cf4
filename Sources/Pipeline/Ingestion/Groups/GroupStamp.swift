public import Model
public import Postgres
import Store
public import Transit

/// Gives a group of events its instant where domain time is stepped.
public protocol GroupStamp: Sendable {
    /// Reads the clock once for the group and notes its bodies as under way, in one transaction.
    func depart(_ bodies: [UniqueID]) async throws -> Timestamp
    /// The bodies will not arrive: nobody need wait for them.
    func abandon(_ bodies: [UniqueID]) async
}

/// Reads the store's clock row.
public struct SteppedStamp: GroupStamp {
    private let pool: PostgresPool
    private let clock: MachineClock

    public init(pool: PostgresPool, clock: MachineClock) {
        self.pool = pool
        self.clock = clock
    }

    public func depart(_ bodies: [UniqueID]) async throws -> Timestamp {
        let machineNow = clock.now
        return try await pool.withTransaction(deadline: .seconds(5)) { session in
            let now = try DomainClock.read(in: session)
            try Flights.depart(bodies, queue: "events", machineNow: machineNow, in: session)
            return now
        }
    }

    public func abandon(_ bodies: [UniqueID]) async {
        // Where this fails too, the store is away, and the clock stands still until somebody looks.
        try? await pool.withTransaction { try Flights.arrive(bodies, in: $0) }
    }
}
