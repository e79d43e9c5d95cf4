import Contracts
import JourneyProgram
import Journeys
import Logging
import Messaging
import Model
import Postgres
import Store
import TestSupport
import Testing
import Transit
import Workspaces

/// A store with one workspace, and schedulers on it. They publish nothing: what they would stays in the outbox.
struct Bench: Sendable {
    static let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!

    let database: TestDatabase
    let workspace: WorkspaceID
    /// A scheduler with a scheduler's rights.
    let journeys: JourneyWriter

    static func with(_ body: (Bench) async throws -> Void) async throws {
        try await TestDatabase.with(clock: .stepped(at: start)) { database in
            try await body(try await Bench(database))
        }
    }

    init(_ database: TestDatabase) async throws {
        self.database = database
        workspace = try await Self.apply(Shop.files, to: database)
        journeys = JourneyWriter(worker: try await Self.worker(on: try database.pool(connections: 4, as: "scheduler")))
    }

    /// Another scheduler, with a connection of its own.
    func scheduler() async throws -> JourneyWriter {
        JourneyWriter(worker: try await Self.worker(on: try database.pool(connections: 1, as: "scheduler")))
    }

    static func worker(
        on pool: PostgresPool, _ mode: DomainClock.Mode = .stepped
    ) async throws -> Worker {
        let worker = Worker(
            pool: pool, broker: try BrokerConfiguration(url: "amqp://guest@127.0.0.1:1/", connectionName: "test"),
            clockMode: mode, clock: MachineClock { start }, logger: TestEnvironment.quiet, sweeps: false)
        await worker.publisher.close()
        return worker
    }

    // MARK: Definitions

    @discardableResult
    static func apply(_ files: [String: String], to database: TestDatabase) async throws -> WorkspaceID {
        let loaded = Workspace.load(files: files)
        let definitions = try #require(loaded.workspace, "\(loaded.findings)")
        return try await database.pool.withTransaction { session in
            let entry = try WorkspaceRegister.lock("shop", now: start, in: session)
            let last = try Definitions.latestVersions(of: entry.id, in: session)
            let revision = try Definitions.store(files: files, for: entry, by: "test", now: start, in: session)
            let versions = definitions.journeys.map { definition in
                let (name, digest) = (definition.journey.name, "\(definition.digest)")
                if let version = last[name], version.digest == digest { return version }
                return Definitions.JourneyVersion(
                    journey: name, version: (last[name]?.version ?? 0) + 1, revision: revision, digest: digest)
            }
            let pending = try Schedules.next(of: entry.id, in: session).mapValues(\.occurrence)
            let now = try DomainClock.read(in: session)
            try Schedules.publish(
                definitions.plans(of: versions, pending: pending, now: now), in: entry.id, now: now, session: session)
            try Definitions.publish(versions, in: entry.id, now: start, session: session)
            return entry.id
        }
    }

    // MARK: What happens

    /// Makes an event a fact, as scoring does, and answers its signal.
    func happens(
        _ name: String, _ id: String, to user: String = "anne", at time: Timestamp? = nil,
        _ properties: JSON = .object([:]), context: JSON = .object([:])
    ) async throws -> Signal {
        let identity = Identity(.user, user)
        let at = time ?? Self.start
        let event = AcceptedEvent(
            workspace: workspace, eventID: id, call: .track, subject: .identity(identity), name: name, sentTime: at,
            at: at, receivedAt: at, trust: .server, properties: properties.serialized,
            context: context.serialized)
        let key = contact(user)
        try await database.pool.withTransaction { session in
            let claim = Identities.Claim(workspace: workspace, identity: identity, subject: key.contact)
            try Identities.ensure([claim], subjects: [key: identity], now: Self.start, in: session)
            _ = try EventLog.append([event], in: session)
        }
        return Signal(contact: key, cause: .event, at: at, eventID: id, subject: key.contact, name: name)
    }

    /// Makes the same event a fact for many, in one transaction.
    func happens(_ name: String, _ id: String, to users: [String]) async throws -> [Signal] {
        let (workspace, at) = (workspace, Self.start)
        let keys = users.map { contact($0) }
        let events = users.map { user in
            AcceptedEvent(
                workspace: workspace, eventID: id, call: .track, subject: .identity(Identity(.user, user)), name: name,
                sentTime: at, at: at, receivedAt: at, trust: .server)
        }
        try await database.pool.withTransaction { session in
            let identities = users.map { Identity(.user, $0) }
            let claims = zip(keys, identities).map {
                Identities.Claim(workspace: workspace, identity: $1, subject: $0.contact)
            }
            try Identities.ensure(
                claims, subjects: Dictionary(uniqueKeysWithValues: zip(keys, identities)), now: at, in: session)
            _ = try EventLog.append(events, in: session)
        }
        return keys.map {
            Signal(contact: $0, cause: .event, at: at, eventID: id, subject: $0.contact, name: name)
        }
    }

    /// Makes an event a fact and lets journeys act on it.
    func hears(
        _ name: String, _ id: String, to user: String = "anne", at time: Timestamp? = nil,
        _ properties: JSON = .object([:]), context: JSON = .object([:])
    ) async throws {
        try await act(on: try await happens(name, id, to: user, at: time, properties, context: context))
    }

    func act(on signals: Signal...) async throws {
        try await journeys.apply(signals[...], arriving: [], lane: .live)
    }

    /// Moves the clock and fires what is due.
    @discardableResult
    func advance(to time: Timestamp) async throws -> Int {
        try await database.pool.withTransaction { try DomainClock.step(to: time, in: $0) }
        return try await journeys.fireTimers()
    }

    // MARK: What stands in the store

    func contact(_ user: String) -> ContactKey {
        ContactKey(workspace: workspace, contact: Identity(.user, user).subjectID(in: workspace))
    }

    /// Hands all planned messages over and records them accepted, as a mailer does.
    @discardableResult
    func sendPlanned(to users: String...) async throws -> Int { try await sendPlanned(to: users) }

    func sendPlanned(to users: [String]) async throws -> Int {
        let claimed = try await handPlanned(to: users)
        return try await database.pool.withTransaction { session in
            let now = try DomainClock.read(in: session)
            return try Claims.settle(claimed.map { ($0, .accepted, nil) }, now: now, in: session).count
        }
    }

    /// Claims and hands over what is planned for these people.
    func handPlanned(to users: String...) async throws -> [Claims.Claimed] { try await handPlanned(to: users) }

    private func handPlanned(to users: [String]) async throws -> [Claims.Claimed] {
        let contacts = users.map(contact)
        return try await database.pool.withTransaction { session in
            let now = try DomainClock.read(in: session)
            let epochs = try SendStates.lock(contacts, in: session)
            let due = try Claims.due(of: contacts, epochs: epochs, now: now, machineNow: now, in: session)
            try Claims.claim(due.map { ($0, "x@shop.example", .distantFuture) }, under: .random(), in: session)
            let handed = try Claims.hand(due, now: now, in: session)
            return due.filter { handed.contains($0.message.id) }
        }
    }

    /// Rings for every run.
    func ring() async throws {
        try await change(
            """
            insert into timers (workspace_id, contact_id, run_id, kind, version, due_at)
            select workspace_id, contact_id, run_id, 'verdict', 0, \(Bench.start) from runs
            """)
    }

    func hasDueTimers() async throws -> Bool {
        try await !texts("select run_id::text from timers where due_at <= clock_time() limit 1").isEmpty
    }

    func texts(_ query: Query) async throws -> [String] {
        try await database.pool.withTransaction { try $0.query(query).map { try $0[0, as: String.self] } }
    }

    func change(_ statement: Query) async throws {
        try await database.pool.withTransaction { _ = try $0.execute(statement) }
    }

    /// `journey outcome`, or `journey phase step` of those under way, in order of their names.
    func runs() async throws -> [String] {
        try await texts(
            """
            select journey || ' ' || coalesce(outcome, concat(state->>'phase', ' ', state->>'step')) from runs order by 1
            """)
    }

    func messages() async throws -> [String] {
        try await texts("select journey || ' ' || step || ' ' || state from messages order by planned_at, 1")
    }
}
