import Audience
import Contracts
import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JourneyProgram
import Links
import Logging
import Messaging
import Model
import Postgres
import Store
import Synchronization
import TestSupport
import Testing
import Transit
import Workspaces

@testable import Ingestion

/// The whole way of an event from the edge's router into the facts, on a real store with two workspaces; the broker
/// between them is a list.
struct Passage: Sendable {
    static let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!

    let database: TestDatabase
    let shop: WorkspaceID
    /// Another sender's, with the same definitions.
    let rival: WorkspaceID
    let sink = ListSink()
    let signer = try! LinkSigner(secrets: [LinkSecret(id: "k1", bytes: Array(0..<32))])

    /// Keys are `shop-server`, `shop-public`, `rival-server`, `rival-public`, and `shop-revoked`.
    static func with(_ body: (Passage) async throws -> Void) async throws {
        try await TestDatabase.with(clock: .stepped(at: start)) { database in
            let shop = try await apply("shop", to: database)
            let rival = try await apply("rival", to: database)
            try await body(Passage(database: database, shop: shop, rival: rival))
        }
    }

    private static func apply(_ name: String, to database: TestDatabase) async throws -> WorkspaceID {
        let files = Definitions.shop.mapValues { $0.replacing("workspace: shop", with: "workspace: \(name)") }
        let loaded = Workspace.load(files: files)
        let definitions = try #require(loaded.workspace, "\(loaded.findings)")
        return try await database.pool.withTransaction { session in
            let entry = try WorkspaceRegister.lock(name, now: start, in: session)
            let revision = try Store.Definitions.store(files: files, for: entry, by: "test", now: start, in: session)
            try Store.Definitions.publish(
                definitions.journeys.map {
                    .init(journey: $0.journey.name, version: revision, revision: revision, digest: "\($0.digest)")
                }, in: entry.id, now: start, session: session)
            for kind in Keys.Kind.allCases {
                _ = try Keys.add(
                    hash: sha256("\(name)-\(kind)"), name: "\(kind)", kind: kind, to: entry.id, now: start, in: session)
            }
            _ = try Keys.add(
                hash: sha256("\(name)-revoked"), name: "old", kind: .server, to: entry.id, now: start, in: session)
            _ = try Keys.revoke("old", of: entry.id, now: start, in: session)
            return entry.id
        }
    }

    /// The edge, lent to `body`.
    func atTheEdge<R: Sendable>(_ body: @escaping @Sendable (any TestClientProtocol) async throws -> R) async throws
        -> R
    {
        let pool = database.pool
        let quiet = TestEnvironment.quiet
        let clock = MachineClock { Self.start }
        let keys = KeyRing { hash in try await pool.withConnection { try Keys.find(hash: hash, in: $0) } }
        let groups = EventGroups(sink: sink, stamp: nil, clock: clock, logger: quiet)
        let shared = SharedLimits(pool: pool, clock: .host, logger: quiet)
        let gate = Gatekeeper(shared: shared, addressRate: nil, proxies: .none, logger: quiet)
        let publisher = Publisher(
            try BrokerConfiguration(url: "amqp://guest:guest@127.0.0.1:1/", connectionName: "test"), logger: quiet,
            timeout: .milliseconds(10))
        let desk = WithdrawalDesk(
            pool: pool, publisher: publisher, relay: OutboxRelay(pool: pool, publisher: publisher, logger: quiet),
            mode: .stepped, clock: clock, logger: quiet)
        let responder = Edge.router(
            keys: keys, gate: gate, groups: groups, signer: signer, desk: desk, logger: quiet
        ).buildResponder()
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await groups.run() }
            let answer: Result<R, any Error>
            do {
                answer = .success(
                    try await Application(responder: responder, logger: quiet).test(.router) { try await body($0) })
            } catch {
                answer = .failure(error)
            }
            groups.end()
            try await tasks.waitForAll()
            await publisher.close()
            return try answer.get()
        }
    }

    /// What the edge answers to one request.
    struct Answer: Sendable {
        var status: Int
        var body: String
        var headers: HTTPFields
        var json: JSON { (try? JSON(parsing: body.utf8)) ?? .null }
    }

    func request(
        _ path: String, _ method: HTTPRequest.Method = .get, key: String? = nil, body: String = "",
        _ headers: HTTPFields = [:]
    ) async throws -> Answer {
        var headers = headers
        if let key { headers[.authorization] = "Basic " + Data("\(key):".utf8).base64EncodedString() }
        let all = headers
        return try await atTheEdge { client in
            try await client.execute(uri: path, method: method, headers: all, body: ByteBuffer(string: body)) {
                Answer(status: Int($0.status.code), body: String(buffer: $0.body), headers: $0.headers)
            }
        }
    }

    /// Posts a call and makes facts of what was accepted.
    @discardableResult
    func send(_ call: String, _ body: String, key: String = "shop-server") async throws -> Answer {
        let answer = try await request("/v1/\(call)", .post, key: key, body: body)
        try await store(sink.take())
        return answer
    }

    /// Makes facts of events as scoring does, in one transaction.
    func store(_ events: [AcceptedEvent]) async throws {
        let worker = Worker(
            pool: database.pool,
            broker: try BrokerConfiguration(url: "amqp://guest@127.0.0.1:1/", connectionName: "test"),
            clockMode: .stepped, clock: MachineClock { Self.start }, logger: TestEnvironment.quiet, sweeps: false)
        await worker.publisher.close()
        try await AudienceWriter(worker: worker).apply(events[...], arriving: [], lane: .live)
    }

    func texts(_ query: Query) async throws -> [String] {
        try await database.pool.withTransaction { try $0.query(query).map { try $0[0, as: String.self] } }
    }
}

/// Keeps what the edge publishes, decoded from its bytes.
final class ListSink: EventSink {
    private let events = Mutex<[AcceptedEvent]>([])

    func publish(_ body: [UInt8], id: UniqueID, within patience: Duration) async throws {
        let batch = try EventBatch(decoding: body)
        events.withLock { $0 += batch.events }
    }

    /// All that came since the last time.
    func take() -> [AcceptedEvent] {
        events.withLock { events in
            defer { events = [] }
            return events
        }
    }
}

func sha256(_ text: String) -> [UInt8] { Array(SHA256.hash(data: Array(text.utf8))) }

/// Definitions that read all that events and contacts bring.
enum Definitions {
    static let shop: [String: String] = [
        "workspace.yaml": shopSettings(topics: ["offers": "Yes, send me offers"]),
        "stages.yaml": """
        stages:
          - stage: see
          - {stage: think, when: 'score("engagement") >= 10 || contact.plan == "pro"'}
          - {stage: do, when: 'count("E") >= 2 && sum("E", "v") > 3.0'}
        """,
        "scores.yaml": """
        scores:
          - score: engagement
            half_life: 14d
            points:
              - {event: E, points: 1}
              - {event: Page Viewed, points: 2}
        """,
        "journeys/e.yaml": """
        journey: e
        enter: {event: E, when: 'event.properties.v == 1 || event.properties.email == "x"'}
        steps: [{email: thanks}]
        """,
        "emails/thanks/email.yaml": "{subject: Thanks, class: transactional}",
        "emails/thanks/body.txt.mustache": "Thank you.\n",
    ]
}
