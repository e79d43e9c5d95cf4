import Audience
import Contracts
import JourneyProgram
import Logging
import Messaging
import Model
import Postgres
import Store
import Testing
import TestSupport
import Transit
import Workspaces

/// A store with one workspace, and writers on it. They publish nothing: what they would stays in the outbox.
struct Bench: Sendable {
    static let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!

    static let erasureKey = ErasureKey("a secret of these tests")!

    let database: TestDatabase
    let workspace: WorkspaceID
    /// With scoring's rights.
    private let scoring: PostgresPool

    private init(_ files: [String: String], on database: TestDatabase) async throws {
        self.database = database
        workspace = try await Self.apply(files, to: database)
        scoring = try database.pool(connections: 8, as: "scoring")
    }

    static func with(
        _ files: [String: String] = Shop.files, startingAt start: Timestamp = Bench.start,
        _ body: (Bench) async throws -> Void
    ) async throws {
        try await TestDatabase.with(clock: .stepped(at: start)) { database in
            try await body(try await Bench(files, on: database))
        }
    }

    /// Applies other definitions to the same workspace.
    func redefine(_ files: [String: String]) async throws { _ = try await Self.apply(files, to: database) }

    /// The live definitions.
    func definitions() async throws -> Workspace {
        let id = workspace
        return try await database.pool.withTransaction { session in
            let revision = try WorkspaceRegister.revisions(of: [id], in: session)[id] ?? 0
            return try DefinitionsCache().workspace(id, revision: revision, in: session)
        }
    }

    static func on(_ database: TestDatabase) async throws -> Bench {
        try await Bench(Shop.files, on: database)
    }

    private static func apply(_ files: [String: String], to database: TestDatabase) async throws -> WorkspaceID {
        let loaded = Workspace.load(files: files)
        let definitions = try #require(loaded.workspace, "\(loaded.findings)")
        return try await database.pool.withTransaction { session in
            let entry = try WorkspaceRegister.lock("shop", now: start, in: session)
            let revision = try Definitions.store(files: files, for: entry, by: "test", now: start, in: session)
            let versions = definitions.journeys.map {
                Definitions.JourneyVersion(
                    journey: $0.journey.name, version: revision, revision: revision, digest: "\($0.digest)")
            }
            try Definitions.publish(versions, in: entry.id, now: start, session: session)
            return entry.id
        }
    }

    /// A worker of its own, as another process has it.
    func worker(connections: Int = 1, as role: String = "scoring") async throws -> Worker {
        try await Self.worker(on: try database.pool(connections: connections, as: role))
    }

    static func worker(on pool: PostgresPool) async throws -> Worker {
        let worker = Worker(
            pool: pool, broker: try BrokerConfiguration(url: "amqp://guest@127.0.0.1:1/", connectionName: "test"),
            clockMode: .stepped, clock: MachineClock { start }, erasureKey: erasureKey, logger: TestEnvironment.quiet,
            sweeps: false)
        await worker.publisher.close()
        return worker
    }

    /// Applies events as one batch, and takes the signals out of the outbox that came of it.
    @discardableResult
    func apply(_ events: AcceptedEvent..., lane: Lane = .live) async throws -> [Signal] {
        let writer = AudienceWriter(worker: try await Self.worker(on: scoring))
        try await writer.apply(events[...], arriving: [], lane: lane)
        return try await takeSignals()
    }

    func takeSignals() async throws -> [Signal] {
        try await database.pool.withTransaction { session in
            try session.query("delete from outbox where queue = 'signals' returning body").flatMap { row in
                try SignalBatch(decoding: try row[0, as: [UInt8].self]).signals
            }
        }
    }

    // MARK: What stands in the store

    func contact(_ kind: Identity.Kind, _ value: String) -> ContactKey {
        ContactKey(workspace: workspace, contact: Identity(kind, value).subjectID(in: workspace))
    }

    /// The contact that a name stands for by now.
    func survivor(_ kind: Identity.Kind, _ value: String) async throws -> ContactKey? {
        let key = contact(kind, value)
        return try await database.pool.withTransaction { try Contacts.survivors(of: [key], in: $0)[key] }
    }

    func state(_ kind: Identity.Kind, _ value: String) async throws -> Contacts.State? {
        let key = try await survivor(kind, value) ?? contact(kind, value)
        return try await database.pool.withTransaction { try Contacts.states(of: [key], in: $0)[key] }
    }

    func count(_ query: Query) async throws -> Int64 {
        try await database.pool.withTransaction { try $0.query(query)[0][0, as: Int64.self] }
    }

    func texts(_ query: Query) async throws -> [String] {
        try await database.pool.withTransaction { try $0.query(query).map { try $0[0, as: String.self] } }
    }
}
