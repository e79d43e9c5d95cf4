import Contracts
@testable import Delivery
import Expressions
import Links
import Logging
import Messaging
import Model
import Postgres
import SMTP
import Store
import Synchronization
import TestSupport
import Testing
import Transit
import Workspaces

/// A store with one workspace and a mail server; mailers on both publish nothing: what they would stays in the outbox.
struct Bench: Sendable {
    static let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!

    static let erasureKey = ErasureKey("a secret of these tests")!

    let database: TestDatabase
    let sink: MailSink
    private(set) var workspace: WorkspaceID
    /// The mailers' machine clock.
    let machine = HandClock(Self.start)

    /// - Parameter keepsBodies: whether the mail server keeps all that it is sent.
    static func with(
        keepsBodies: Bool = true, _ behaviour: @escaping @Sendable (MailSink.Moment) -> MailSink.Answer? = { _ in nil },
        _ body: (Bench) async throws -> Void
    ) async throws {
        try await TestDatabase.with(clock: .stepped(at: start)) { database in
            try await MailSink.with(keepsBodies: keepsBodies, behaviour) { sink in
                try await body(try await Bench(database, sink))
            }
        }
    }

    init(_ database: TestDatabase, _ sink: MailSink) async throws {
        self.database = database
        self.sink = sink
        let loaded = Workspace.load(files: Shop.files)
        try #require(loaded.workspace != nil, "\(loaded.findings)")
        workspace = try await Self.found("shop", Shop.files, database)
        try await database.pool.withTransaction { session in
            // There is no broker that a mailer could ask.
            let standing = try Lineages.standing(in: session)
            #expect(try Lineages.accept(standing, by: "test", machineNow: Self.start, in: session))
        }
    }

    private static func found(
        _ name: String, _ files: [String: String], _ database: TestDatabase
    ) async throws -> WorkspaceID {
        try await database.pool.withTransaction { session in
            let entry = try WorkspaceRegister.lock(name, now: start, in: session)
            _ = try Definitions.store(files: files, for: entry, by: "test", now: start, in: session)
            return entry.id
        }
    }

    /// The same store and mail server, and another workspace of the same definitions.
    ///
    /// - Parameter settings: more of them.
    func beside(_ name: String, _ settings: String = "") async throws -> Bench {
        var files = Shop.files
        files["workspace.yaml"] =
            files["workspace.yaml"]!.replacing("workspace: shop", with: "workspace: \(name)") + settings
        var other = self
        other.workspace = try await Self.found(name, files, database)
        return other
    }

    /// Makes more settings live.
    ///
    /// - Parameter basis: what the topic `offers` rests on, as its fields say it; nil: consent alone.
    func apply(_ settings: String = "", basis: String? = nil, _ others: [String: String] = [:]) async throws {
        var files = Shop.files.merging(others) { $1 }
        files["workspace.yaml"]! += settings
        if let basis {
            let topic = "{topic: offers, "
            try #require(files["workspace.yaml"]!.contains(topic))
            files["workspace.yaml"]!.replace(topic, with: "\(topic)\(basis), ")
        }
        let loaded = Workspace.load(files: files)
        try #require(loaded.workspace != nil, "\(loaded.findings)")
        let applied = files
        try await database.pool.withTransaction { session in
            let entry = try WorkspaceRegister.lock("shop", in: session)
            _ = try Definitions.store(files: applied, for: entry, by: "test", now: Self.start, in: session)
        }
    }

    /// Moves domain time on, from the start.
    func pass(_ span: Span) async throws { try await change("update clock set at = \(Self.start + span)") }

    // MARK: Mailers

    /// A mailer as a process has it.
    struct Mailer: Sendable {
        let worker: Worker
        let settings: DeliverySettings
        let relay: Relays
        let desk: ClaimDesk
        let room: Mailroom
        let gate: WithdrawalGate
        let lineage: LineageWatch
        let store: GuardedStore
        let lines: LineDesk

        /// - Parameter patience: more than any load takes, where stalls are not what is tested.
        init(worker: Worker, settings: DeliverySettings, patience: GuardedStore.Patience = .endless) async {
            self.worker = worker
            self.settings = settings
            let watch = RelayWatch(of: settings.relays.map(\.name), logger: worker.logger)
            let mail = MailCarrier(worker: worker, settings: settings, watch: watch)
            relay = mail.relays
            gate = WithdrawalGate(worker: worker)
            let lineage = LineageWatch(worker: worker, mailer: "test")
            await lineage.look()
            self.lineage = lineage
            let store = GuardedStore(pool: worker.pool, gate: gate, lineage: lineage, patience: patience)
            lines = LineDesk(
                worker: worker, settings: settings, store: store, relays: RelayTurns(settings.relays), sites: mail.sites
            )
            desk = ClaimDesk(
                kind: .mails, worker: worker, settings: settings, store: store, pacing: (mail.sites, lines.relays))
            room = Mailroom(worker: worker, settings: settings, carrier: mail, store: store)
            self.store = store
            await openGate()
        }

        /// There is no broker through which a barrier could travel.
        func openGate() async {
            await gate.open(after: await gate.closings)
            await lineage.look()
        }

        func claim(_ contacts: [ContactKey]) async throws -> ClaimDesk.Batch {
            let batch = try await desk.claim(contacts, withTopic: true)
            await openGate()
            return batch
        }

        /// Claims what is due of `contacts` and goes by HTTP requests, and sends it.
        func call(about contacts: [ContactKey], withTopic: Bool = false) async throws {
            let carrier = CallCarrier(worker: worker, settings: settings)
            let desk = ClaimDesk(kind: .calls, worker: worker, settings: settings, store: store)
            let room = Mailroom(worker: worker, settings: settings, carrier: carrier, store: store)
            await room.send(try await desk.claim(contacts, withTopic: withTopic))
            await carrier.shutdown()
            await openGate()
        }

        /// Sends what limits let go of the mails that wait in line.
        ///
        /// - Returns: how many went on their way.
        @discardableResult
        func sendLined() async throws -> Int {
            var sent = 0
            while let errand = try await lines.take(withTopic: true, resting: []) {
                let batch = try await desk.claim(errand.contacts, withTopic: true, for: errand)
                await openGate()
                let gone = Set(batch.messages.map(\.claimed.message.id))
                try await lines.giveBack(
                    errand.grants.filter { !gone.contains($0.key) }.map(\.value), takenAt: errand.takenAt)
                sent += batch.messages.count
                await room.send(batch)
            }
            return sent
        }

        /// A page of contacts whose mails no hint names any more.
        func dueContacts(limit: Int32 = 200) async throws -> [ContactKey] {
            try await store.transaction { session in
                try Claims.duePage(
                    now: try DomainClock.read(in: session), machineNow: worker.clock.now, limit: limit, in: session
                ).contacts
            }
        }

        /// Claims what is due of `contacts`, and sends it.
        func send(_ contacts: [ContactKey]) async throws { await room.send(try await claim(contacts)) }
    }

    func mailer(
        port: Int? = nil, connections: Int = 8, allowing hosts: Set<String> = [],
        patience: GuardedStore.Patience = .endless
    ) async throws -> Mailer {
        let machine = machine
        let worker = Worker(
            pool: try database.pool(connections: 2, as: "mailer"),
            broker: try BrokerConfiguration(url: "amqp://guest@127.0.0.1:1/", connectionName: "test"),
            clockMode: .stepped, clock: MachineClock { machine.now }, erasureKey: Self.erasureKey,
            logger: TestEnvironment.quiet, sweeps: false)
        await worker.publisher.close()
        var settings = try settings(port: port, connections: connections)
        settings.allowedHosts = hosts
        return await Mailer(worker: worker, settings: settings, patience: patience)
    }

    func settings(port: Int? = nil, connections: Int = 8) throws -> DeliverySettings {
        let relay = try SMTPConfiguration(
            host: "127.0.0.1", port: port ?? sink.port, encryption: .none, helo: "mailer.example",
            maxConnections: connections)
        let secret = LinkSecret(id: "k1", bytes: Array(repeating: 7, count: 32))
        return DeliverySettings(
            relays: [RelaySettings(relay)], publicURL: "https://mail.shop.example",
            links: try LinkSigner(secrets: [secret]), tokens: try MailTokens(secrets: [secret]),
            webhooks: try WebhookSigner(secrets: [secret]), mailer: "test")
    }

    /// Has `users` sent what is due, by a mailer of its own.
    func send(to users: String...) async throws {
        let mailer = try await mailer()
        try await mailer.send(users.map(contact))
        await mailer.relay.shutdown()
    }

    // MARK: Contacts and messages

    func contact(_ user: String) -> ContactKey {
        ContactKey(workspace: workspace, contact: Identity(.user, user).subjectID(in: workspace))
    }

    /// Makes contacts with an address, who have consented to topics. Whoever is named by an address has that one.
    func know(
        _ users: [String], consenting topics: [String] = ["offers"], at domain: String = "mail.example"
    ) async throws {
        try await database.pool.withTransaction { session in
            let keys = users.map { (contact($0), Identity(.user, $0)) }
            let claims = keys.map { Identities.Claim(workspace: workspace, identity: $1, subject: $0.contact) }
            try Identities.ensure(
                claims, subjects: Dictionary(uniqueKeysWithValues: keys.map { ($0, .some($1)) }), now: Self.start,
                in: session)
            var states = try Contacts.states(of: keys.map(\.0), in: session)
            var consents: [Consents.Entry] = []
            for user in users {
                let address = user.contains("@") ? user : "\(user)@\(domain)"
                states[contact(user)]?.attributes = ["email": .string(address), "name": .string(user)]
                consents += topics.map {
                    Consents.Entry(
                        contact: contact(user), topic: $0, address: address, at: Self.start - .days(1),
                        eventID: "c \($0)",
                        state: .given, wording: nil, source: "test")
                }
            }
            try Contacts.describe(Array(states.values), in: session)
            try Consents.append(consents, now: Self.start, in: session)
        }
    }

    /// Plans a message for each user, of a run that waits for it.
    @discardableResult
    func plan(
        _ template: String, to users: [String], topic: String? = nil, revision: Int32 = 1,
        journey: String = "welcome", step: String? = nil, channel: Message.Channel = .email
    ) async throws -> [Message] {
        let step = step ?? template
        let messages = users.map { user in
            let run = UniqueID.derived("test run", user, step)
            return Message(
                contact: contact(user), id: .derived("test message", user, step), run: run, journey: journey,
                step: step, visit: 1, revision: revision, template: template, topic: topic,
                plannedAt: Self.start, channel: channel)
        }
        try await database.pool.withTransaction { session in
            let runs = messages.map { message in
                Run(
                    contact: message.contact, id: message.run, journey: message.journey, journeyVersion: 1,
                    entryKey: message.step, entry: HistoryPosition(at: Self.start, eventID: "e"),
                    enteredAt: Self.start, state: .object([:]), version: 1)
            }
            try Runs.insert(runs, in: session)
            try Messages.plan(messages, machineNow: Self.start, in: session)
        }
        return messages
    }

    func withdraw(_ topic: String, by user: String) async throws {
        let key = contact(user)
        let entry = Consents.Entry(
            contact: key, topic: topic, address: "\(user)@mail.example", at: Self.start, eventID: "w",
            state: .withdrawn, wording: nil, source: "page")
        try await database.pool.withTransaction { session in
            _ = try Withdrawals.withdraw([entry], now: Self.start, in: session)
        }
    }

    // MARK: What stands in the store

    func change(_ statement: Query) async throws {
        try await database.pool.withTransaction { _ = try $0.execute(statement) }
    }

    func texts(_ query: Query) async throws -> [String] {
        try await database.pool.withTransaction { try $0.query(query).map { try $0[0, as: String.self] } }
    }

    /// `template state`, in order of templates.
    func messages() async throws -> [String] {
        try await texts("select template || ' ' || state from messages order by 1")
    }

    /// How many runs have been told that a verdict is there.
    func bells() async throws -> Int {
        try await texts("select run_id::text from timers where kind = 'verdict'").count
    }

    func claims() async throws -> Int { try await texts("select claim_id::text from claims").count }

    /// The events in the outbox: their properties and names.
    func events() async throws -> [(JSON, name: String)] {
        try await database.pool.withTransaction { session in
            try session.query("select body from outbox where queue = 'events' order by created_at").flatMap { row in
                try EventBatch(decoding: try row[0, as: [UInt8].self]).events.map { event in
                    (try JSON(parsing: event.properties), name: event.name)
                }
            }
        }
    }

    /// The names of the events in the outbox.
    func outcomes() async throws -> [String] {
        try await database.pool.withTransaction { session in
            try session.query("select body from outbox where queue = 'events' order by created_at").flatMap { row in
                try EventBatch(decoding: try row[0, as: [UInt8].self]).events.map(\.name)
            }
        }
    }
}

/// A clock that a test moves.
final class HandClock: Sendable {
    private let instant: Mutex<Timestamp>

    init(_ start: Timestamp) { instant = Mutex(start) }

    var now: Timestamp { instant.withLock { $0 } }
    func advance(_ span: Span) { instant.withLock { $0 = $0 + span } }
}

extension GuardedStore.Patience {
    static let endless = Self(use: .seconds(600), claims: .seconds(600), handing: .seconds(600))
}
