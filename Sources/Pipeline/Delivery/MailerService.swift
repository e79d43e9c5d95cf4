import Contracts
import CrashPoints
import Logging
import Messaging
import Metrics
import Model
import Postgres
import SMTP
public import ServiceLifecycle
import Store
public import Transit

/// Delivers what is planned: takes hints from the queue `messages`, and what no hint names from the store.
///
/// A service of the mailer; any number of processes may run it side by side.
public struct MailerService: Service {
    private let worker: Worker
    private let mails: DeliveryLane
    private let calls: DeliveryLane
    /// Nil where no postcards can be made.
    private let cards: DeliveryLane?
    /// Where none can be made: looks whether any are sent.
    private let cardWatch: CardWatch?
    private let carriers: [any Carrier]
    private let gate: WithdrawalGate
    private let store: GuardedStore
    private let lease: Duration
    private let lineage: LineageWatch
    private let leaseWatch: LeaseWatch
    private let watch: RelayWatch

    /// In which everybody finds the store again and prolongs what he holds: both take a second at the most.
    private static let rest = Duration.seconds(6)

    public init(worker: Worker, settings: DeliverySettings) {
        self.worker = worker
        let gate = WithdrawalGate(worker: worker)
        let lineage = LineageWatch(worker: worker, mailer: settings.mailer)
        let store = GuardedStore(pool: worker.pool, gate: gate, lineage: lineage)
        watch = RelayWatch(of: settings.relays.map(\.name), logger: worker.logger)
        let mail = MailCarrier(worker: worker, settings: settings, watch: watch)
        let call = CallCarrier(worker: worker, settings: settings)
        let lines = LineDesk(
            worker: worker, settings: settings, store: store, relays: RelayTurns(settings.relays), sites: mail.sites)
        mails = DeliveryLane(.mails, worker: worker, settings: settings, store: store, carrier: mail, lines: lines) {
            [watch] in
            if await watch.isPaused { return false }
            return await lineage.isAccepted
        }
        calls = DeliveryLane(.calls, worker: worker, settings: settings, store: store, carrier: call) {
            await lineage.isAccepted
        }
        let card = settings.chromium.map { CardCarrier(worker: worker, settings: settings, chromium: $0) }
        cards = card.map { card in
            DeliveryLane(.cards, worker: worker, settings: settings, store: store, carrier: card) {
                await lineage.isAccepted
            }
        }
        cardWatch = card == nil ? CardWatch(worker: worker) : nil
        carriers = [mail, call] + [card].compactMap(\.self)
        (self.gate, self.lineage, self.store) = (gate, lineage, store)
        lease = settings.lease
        leaseWatch = LeaseWatch(lease: lease)
    }

    public func run() async throws {
        await worker.untilStoreFits()
        Gauge(label: "loods_mailer_makes_postcards").record(cards == nil ? 0 : 1)
        if cards == nil {
            worker.logger.notice(
                "postcards wait for a mailer that has Chromium: install it, or name it by LOODS_CHROMIUM")
        }
        if cards != nil { await CardFiles.clean() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await gate.run() }
            group.addTask { await lineage.run() }
            group.addTask { await releaseAlways() }
            group.addTask { await mails.run([takeHints, mails.takeDue, takeLines]) }
            group.addTask { await calls.run([calls.takeDue]) }
            if let cards { group.addTask { await cards.run([cards.takeDue]) } }
            if let cardWatch { group.addTask { await cardWatch.run() } }
        }
        for carrier in carriers { await carrier.shutdown() }
    }

    /// What is not done here for want of Chromium; nil where nobody sends postcards, or this mailer makes them.
    public var missingChromium: String? { cardWatch?.obstacle }

    private func takeLines(_ intake: DeliveryLane.Intake) async {
        await mails.takeLines(intake) { await watch.resting }
    }

    /// Nothing more is taken until what hints name is claimed, so live ones wait for one body of bulk at the most.
    private func takeHints(_ intake: DeliveryLane.Intake) async {
        let sink = worker.setAside
        let consumer = Consumer(
            on: worker.intake, queue: .messages, maximumBatch: (bodies: 16, bytes: 64 * 1024), maximumBulkBodies: 1,
            prefetch: 24, setAside: { try await sink.keep($0, reason: $1) }, logger: worker.logger,
            handler: { await handle($0, intake) })
        try? await consumer.run()
    }

    /// Why this mailer sends nothing out of this store; nil where it may.
    public var obstacle: String? { get async { await lineage.obstacle } }

    /// Claims what hints name. Acknowledged once claimed: from there on the store knows what is under way. While nothing may
    /// be sent hints are passed over, and what they name is found in the store later.
    private func handle(
        _ deliveries: [Delivery], _ intake: DeliveryLane.Intake
    ) async -> [Settlement] {
        var settlements = [Settlement](repeating: .ack, count: deliveries.count)
        var contacts: Set<ContactKey> = []
        // All of one lane.
        let lane = deliveries.first?.lane ?? .live
        for (index, delivery) in deliveries.enumerated() {
            do {
                contacts.formUnion(try MessageHints(decoding: delivery.body).hints.map(\.contact))
            } catch {
                settlements[index] = .setAside(reason: "\(error)")
            }
        }
        if await lineage.isUnseen {
            // A moment's matter; passed over, their messages would be looked for only seconds later.
            return settlements.map { $0 == .ack ? .retry(after: .milliseconds(100)) : $0 }
        }
        if await !mails.maySend() { return settlements }
        do {
            if deliveries.contains(where: \.isSuspect) {
                try await mails.handle(suspects: contacts.sorted())
            } else {
                let poison = try await worker.bisect(contacts.sorted()[...]) {
                    try await mails.claim(hinted: Array($0), in: lane, intake)
                }
                try await setAside(poison)
            }
        } catch {
            worker.logger.debug("messages wait for the store", metadata: ["reason": "\(error)"])
            for index in settlements.indices where settlements[index] == .ack {
                settlements[index] = .retry(after: .milliseconds(500))
            }
        }
        return settlements
    }

    /// Keeps hints whose contacts cannot be claimed for, each as a body of its own.
    private func setAside(_ poison: [(item: ContactKey, fault: any Error)]) async throws {
        guard !poison.isEmpty else { return }
        worker.logger.error(
            "messages were set aside", metadata: ["count": "\(poison.count)", "reason": "\(poison[0].fault)"])
        let items = poison.map { contact, fault in
            let hint = MessageHints.Hint(contact: contact, message: UniqueID(high: 0, low: 0))
            return SetAside.Item(
                body: MessageHints(hints: [hint]).encoded, queue: QueueName.messages.rawValue,
                lane: Lane.live.rawValue, reason: "\(fault)", attempts: 1, at: worker.clock.now
            ).tried(by: worker, fault)
        }
        try await worker.pool.withConnection { try SetAside.add(items, in: $0) }
    }

    /// Frees what mailers that died had claimed: not until the store has been there for a while after an outage, so that
    /// those who live have prolonged theirs or told what came of them.
    private func releaseAlways() async {
        let pulse = Pulse()
        await every(.seconds(1)) {
            // This process stood still, and its own claims may have run out.
            if await pulse.beat() > .seconds(1) + lease / 3 { await gate.close() }
            await release {
                guard await lineage.isAccepted else { return false }
                return await gate.hasRested(for: Self.rest)
            }
        }
    }

    /// Looks at the claims, and releases those of dead mailers where that may be.
    func release(where mayRelease: () async -> Bool) async {
        let clock = worker.clock
        // Before a store that may stall is asked: while it stalls nobody can prolong a claim.
        let machineNow = clock.now
        do {
            let leases = try await store.transaction { try Claims.leases(in: $0) }
            let dead = await leaseWatch.look(at: leases, machineNow: machineNow)
            guard !dead.isEmpty, await mayRelease() else { return }
            let outbox = try await store.transaction { session in
                try Lineages.check(in: session)
                let domain = try DomainClock.reading(in: session)
                let doubtful = try Claims.release(dead, machineNow: machineNow, now: domain.now, in: session)
                Counter(label: "loods_messages_unknown_total").increment(by: doubtful.unknown.count)
                Counter(label: "loods_messages_resent_total").increment(by: doubtful.resent.count)
                let rows = OutcomeEvents.rows(
                    doubtful.unknown.compactMap {
                        OutcomeEvents.event($0, .unknown, now: domain.now, detail: "the mailer died")
                    })
                try Outbox.add(rows, clock: domain.mode, machineNow: clock.now, in: session)
                return rows
            }
            await worker.relay.publish(outbox)
        } catch {
            worker.note(error, "claims could not be released")
        }
    }
}

/// How long it was between two beats.
private actor Pulse {
    private var last = ContinuousClock.now

    func beat() -> Duration {
        defer { last = .now }
        return ContinuousClock.now - last
    }
}
