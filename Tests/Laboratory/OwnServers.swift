public import TestSupport

/// The servers that a test may stop, kill, freeze and start again, because no other test is on them.
public struct OwnServers: Sendable {
    /// Nil where the cluster is on the shared PostgreSQL.
    public var postgres: OwnPostgres?
    /// Nil where the cluster is on the shared RabbitMQ.
    public var broker: OwnBroker?
}

extension Cluster {
    /// A cluster on a PostgreSQL, a RabbitMQ, or both of its own; otherwise as
    /// ``with(services:clock:settings:workspace:_:)``.
    public static func withOwnServers(
        postgres hasPostgres: Bool = true, broker hasBroker: Bool = true, services: [String] = allServices,
        clock: TestClock = .real, settings: Settings = [:], workspace: [String: String],
        _ body: (Cluster, OwnServers) async throws -> Void
    ) async throws {
        var servers = OwnServers()
        let result: Result<Void, any Error>
        do {
            if hasPostgres { servers.postgres = try await OwnPostgres.make() }
            if hasBroker { servers.broker = try await OwnBroker.make() }
            let own = servers
            try await withStage(on: own, clock) { stage in
                try await with(services: services, on: stage, settings: settings, workspace: workspace) { cluster in
                    try await body(cluster, own)
                }
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await servers.broker?.remove()
        await servers.postgres?.remove()
        try result.get()
    }

    private static func withStage(
        on servers: OwnServers, _ clock: TestClock, _ body: (TestStage) async throws -> Void
    ) async throws {
        func onStore(_ database: TestDatabase) async throws {
            if let broker = servers.broker {
                try await body(TestStage(database: database, broker: try await .at(broker.url), clock: clock))
            } else {
                try await TestBroker.with { try await body(TestStage(database: database, broker: $0, clock: clock)) }
            }
        }
        if let postgres = servers.postgres {
            try await TestDatabase.at(try await postgres.makeStore(clock: clock)) { try await onStore($0) }
        } else {
            try await TestDatabase.with(clock: clock) { try await onStore($0) }
        }
    }
}
