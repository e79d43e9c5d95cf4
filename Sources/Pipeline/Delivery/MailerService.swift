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
    private let desk: ClaimDesk
    private let room: Mailroom
    private let relay: SMTPPool
    private let watch: RelayWatch
    private let slots: Slots
    private let gate: WithdrawalGate
    private let store: GuardedStore
    private let lease: Duration
    private let polled: PolledWork
    private let lineage: LineageWatch
    private let leaseWatch: LeaseWatch

    /// In which everybody finds the store again and prolongs what he holds: both take a second at the most.
    private static let rest = Duration.seconds(6)
    /// Contacts that are looked for at a time.
    private static let page = 400

    public init(worker: Worker, settings: DeliverySettings) {
        self.worker = worker
        relay = SMTPPool(settings.relay, logger: worker.logger)
        watch = RelayWatch(logger: worker.logger)
        gate = WithdrawalGate(worker: worker)
        lineage = LineageWatch(worker: worker, mailer: settings.mailer)
        store = GuardedStore(pool: worker.pool, gate: gate, lineage: lineage)
        desk = ClaimDesk(worker: worker, settings: settings, store: store)
        room = Mailroom(worker: worker, settings: settings, relay: relay, watch: watch, store: store)
        slots = Slots(4)
        lease = settings.lease
        polled = PolledWork(.messages, worker: worker)
        leaseWatch = LeaseWatch(lease: lease)
    }

    public func run() async throws {
        await worker.untilStoreFits()
        await withTaskGroup(of: Void.self) { group in
            let (batches, intake) = AsyncStream.makeStream(of: ClaimDesk.Batch.self)
            group.addTask { await sendAll(batches) }
            await withTaskGroup(of: Void.self) { sources in
                sources.addTask { await gate.run() }
                sources.addTask { await lineage.run() }
                sources.addTask { await takeHints(intake) }
                sources.addTask { await takeDue(intake) }
                sources.addTask { await releaseAlways() }
            }
            // The sources have ended; what they claimed goes back, unless it is past the fence: that is finished.
            intake.finish()
        }
        await relay.shutdown()
    }

    /// Sends batches as they come, as many at a time as there are slots.
    private func sendAll(_ batches: AsyncStream<ClaimDesk.Batch>) async {
        await withDiscardingTaskGroup { group in
            for await batch in batches {
                group.addTask {
                    await cancelWhenGracefulShutdown { await room.send(batch) }
                    await slots.leave()
                }
            }
        }
    }

    private func takeHints(_ intake: AsyncStream<ClaimDesk.Batch>.Continuation) async {
        let sink = worker.setAside
        let consumer = Consumer(
            on: worker.intake, queue: .messages, maximumBatch: (bodies: 16, bytes: 64 * 1024), prefetch: 24,
            setAside: { try await sink.keep($0, reason: $1) }, logger: worker.logger,
            handler: { await handle($0, intake) })
        try? await consumer.run()
    }

    /// Why this mailer sends nothing out of this store; nil where it may.
    public var obstacle: String? { get async { await lineage.obstacle } }

    /// Whether the relay takes mail, and this is the store to send from.
    private var maySend: Bool {
        get async {
            if await watch.isPaused { return false }
            return await lineage.isAccepted
        }
    }

    /// Claims what hints name. Acknowledged once claimed: from there on the store knows what is under way. While nothing may
    /// be sent hints are passed over, and what they name is found in the store later.
    private func handle(
        _ deliveries: [Delivery], _ intake: AsyncStream<ClaimDesk.Batch>.Continuation
    ) async -> [Settlement] {
        var settlements = [Settlement](repeating: .ack, count: deliveries.count)
        var contacts: Set<ContactKey> = []
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
        if await !maySend { return settlements }
        do {
            if deliveries.contains(where: \.isSuspect) {
                let faults = try await polled.handle(contacts.sorted(), by: messages, isOurs: true)
                try await takeOut(faults)
            } else {
                let poison = try await worker.bisect(contacts.sorted()[...]) { try await claim(Array($0), intake) }
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

    private func takeDue(_ intake: AsyncStream<ClaimDesk.Batch>.Continuation) async {
        await every(worker.clockMode == .stepped ? .milliseconds(10) : .milliseconds(250)) {
            do {
                while await maySend, try await claimDue(intake) >= Self.page {}
            } catch {
                worker.note(error, "due messages wait for the store")
            }
        }
    }

    /// - Returns: how many contacts it found.
    private func claimDue(_ intake: AsyncStream<ClaimDesk.Batch>.Continuation) async throws -> Int {
        let machineNow = worker.clock.now
        let withTopic = await gate.isOpen
        let contacts = try await store.transaction { session in
            try Claims.dueContacts(
                now: try DomainClock.read(in: session), machineNow: machineNow, withTopic: withTopic,
                limit: Int32(Self.page), in: session)
        }
        let faults = try await polled.handle(contacts[...], alone: messages) { part, tried in
            try await claim(Array(part), intake, tried: tried)
        }
        for (contact, fault) in faults.contacts { try await desk.putOff(contact, because: fault) }
        try await takeOut(faults.parts)
        return contacts.count
    }

    /// The messages of a contact that may be what kills mailers.
    private var messages: PolledWork.Parts {
        PolledWork.Parts {
            try await desk.due(of: $0)
        } handle: {
            try await sendAlone($0)
        }
    }

    private func takeOut(_ faults: [(item: PolledWork.Part, fault: any Error)]) async throws {
        for (message, fault) in faults {
            if let deadly = fault as? Deadly {
                try await desk.refuse(message, deadly)
            } else {
                try await desk.putOff(message.contact, because: fault)
            }
        }
    }

    /// Claims one message, and returns when it is sent, or given back: whatever it does to this process it has done by
    /// then.
    private func sendAlone(_ message: PolledWork.Part) async throws {
        await slots.enter()
        do {
            if Task.isShuttingDownGracefully { throw CancellationError() }
            let batch = try await desk.claim([message.contact], withTopic: await gate.isOpen, only: message.id)
            await cancelWhenGracefulShutdown { await room.send(batch) }
            await slots.leave()
        } catch {
            await slots.leave()
            throw error
        }
    }

    /// - Parameter tried: those that a mailer had in hand when it died.
    private func claim(
        _ contacts: [ContactKey], _ intake: AsyncStream<ClaimDesk.Batch>.Continuation, tried: Set<ContactKey> = []
    ) async throws {
        for start in stride(from: 0, to: contacts.count, by: 200) {
            await slots.enter()
            do {
                // It may have been long until a slot was free.
                if Task.isShuttingDownGracefully { throw CancellationError() }
                let part = Array(contacts[start..<min(start + 200, contacts.count)])
                var batch = try await desk.claim(part, withTopic: await gate.isOpen)
                batch.tried = part.filter(tried.contains)
                if !batch.messages.isEmpty { CrashPoint.mailerAfterClaim.pass() }
                Counter(label: "loods_messages_skipped_total").increment(by: batch.skipped)
                Counter(label: "loods_messages_unknown_total").increment(by: batch.doubtful)
                intake.yield(batch)
            } catch {
                await slots.leave()
                throw error
            }
        }
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
                let unknown = try Claims.release(dead, machineNow: machineNow, now: domain.now, in: session)
                Counter(label: "loods_messages_unknown_total").increment(by: unknown.count)
                let rows = OutcomeEvents.rows(
                    unknown.map {
                        OutcomeEvents.event($0, EventNames.emailUnknown, now: domain.now, detail: "the mailer died")
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
