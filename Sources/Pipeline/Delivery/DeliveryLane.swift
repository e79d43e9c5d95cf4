import CrashPoints
import Logging
import Messaging
import Metrics
import Model
import ServiceLifecycle
import Store
import Transit

/// One kind of messages on their way out of the store, beside and independent of the others: claimed at a desk, sent by a
/// carrier, in a bounded number of batches at a time.
struct DeliveryLane: Sendable {
    /// A claimed batch, and the place that it holds until it is sent.
    struct Load: Sendable {
        var batch: ClaimDesk.Batch
        var slots: Slots
    }

    typealias Intake = AsyncStream<Load>.Continuation

    /// Contacts that are looked for at a time, and go into one batch: of cards, which take seconds each, as many as are soon
    /// made.
    private let page: Int

    private let worker: Worker
    private let store: GuardedStore
    private let desk: ClaimDesk
    private let room: Mailroom
    private let slots = Slots(4)
    /// Places of their own for what live hints name: it does not wait until a broadcast has drained.
    private let liveSlots = Slots(4)
    private let polled: PolledWork
    /// Nil where no pace is kept.
    private let lines: LineDesk?
    /// Whether there is any use in claiming now.
    let maySend: @Sendable () async -> Bool

    init(
        _ kind: Claims.Kind, worker: Worker, settings: DeliverySettings, store: GuardedStore, carrier: any Carrier,
        lines: LineDesk? = nil, maySend: @escaping @Sendable () async -> Bool
    ) {
        self.lines = lines
        self.worker = worker
        self.store = store
        self.maySend = maySend
        page = kind == .cards ? 4 : 200
        desk = ClaimDesk(
            kind: kind, worker: worker, settings: settings, store: store, pacing: lines.map { ($0.sites, $0.relays) })
        room = Mailroom(worker: worker, settings: settings, carrier: carrier, store: store)
        polled = PolledWork(kind.work, worker: worker)
    }

    /// Sends what sources claim, until these have ended. What is claimed then goes back, unless it is past the fence: that is
    /// finished.
    func run(_ sources: [@Sendable (Intake) async -> Void]) async {
        let (batches, intake) = AsyncStream.makeStream(of: Load.self)
        async let sending: Void = sendAll(batches)
        await withDiscardingTaskGroup { group in
            for source in sources { group.addTask { await source(intake) } }
        }
        intake.finish()
        await sending
    }

    /// Sends batches as they come, as many at a time as there are slots.
    private func sendAll(_ batches: AsyncStream<Load>) async {
        await withDiscardingTaskGroup { group in
            for await load in batches {
                group.addTask {
                    let slot = Leaving(load.slots)
                    await cancelWhenGracefulShutdown { await room.send(load.batch) { await slot.leave() } }
                    await slot.leave()
                }
            }
        }
    }

    /// Leaves a slot, once.
    private actor Leaving {
        private let slots: Slots
        private var isDone = false

        init(_ slots: Slots) { self.slots = slots }

        func leave() async {
            guard !isDone else { return }
            isDone = true
            await slots.leave()
        }
    }

    /// Takes mails out of the lines in which they wait, as limits let them go.
    ///
    /// - Parameter resting: mail servers that are not to be tried.
    func takeLines(_ intake: Intake, resting: @escaping @Sendable () async -> Set<Int>) async {
        guard let lines else { return }
        await worker.everyDue(.milliseconds(100)) {
            do {
                while await maySend(), try await claimErrand(of: lines, intake, resting: await resting()) {}
            } catch {
                worker.note(error, "mails that wait in line wait for the store")
            }
        }
    }

    /// - Returns: whether there was anything to claim.
    private func claimErrand(of lines: LineDesk, _ intake: Intake, resting: Set<Int>) async throws -> Bool {
        await slots.enter()
        do {
            if Task.isShuttingDownGracefully { throw CancellationError() }
            let withTopic = await store.gate.isOpen
            guard let errand = try await lines.take(withTopic: withTopic, resting: resting) else {
                await slots.leave()
                return false
            }
            let batch = try await desk.claim(errand.contacts, withTopic: withTopic, for: errand)
            if !batch.messages.isEmpty { CrashPoint.mailerAfterClaim.pass() }
            count(batch)
            let gone = Set(batch.messages.map(\.claimed.message.id))
            try await lines.giveBack(
                errand.grants.filter { !gone.contains($0.key) }.map(\.value), takenAt: errand.takenAt)
            intake.yield(Load(batch: batch, slots: slots))
            return true
        } catch {
            await slots.leave()
            throw error
        }
    }

    private func count(_ batch: ClaimDesk.Batch) {
        Counter(label: "loods_messages_skipped_total").increment(by: batch.skipped)
        Counter(label: "loods_messages_unknown_total").increment(by: batch.doubtful)
    }

    /// Takes what is due out of the store, always.
    func takeDue(_ intake: Intake) async {
        await worker.everyDue(.milliseconds(250)) {
            do {
                while await maySend(), try await claimDue(intake) {}
            } catch {
                worker.note(error, "due messages wait for the store")
            }
        }
    }

    /// - Returns: whether more may be due.
    private func claimDue(_ intake: Intake) async throws -> Bool {
        // Before a page is opened: whoever keeps one open for long counts as dead.
        await slots.untilFree()
        let machineNow = worker.clock.now
        let withTopic = await store.gate.isOpen
        let due = try await store.transaction { session in
            try Claims.duePage(
                desk.kind, now: try DomainClock.read(in: session), machineNow: machineNow, withTopic: withTopic,
                limit: Int32(page), in: session)
        }
        let faults = try await polled.handle(due.contacts[...], alone: messages) { part, tried in
            try await claim(Array(part), intake, slots, tried: tried)
        }
        for (contact, fault) in faults.contacts { try await desk.putOff(contact, because: fault) }
        try await takeOut(faults.parts)
        return due.isFull
    }

    /// Claims for contacts one of whom may be what kills mailers.
    func handle(suspects contacts: [ContactKey]) async throws {
        let faults = try await polled.handle(contacts, by: messages, isOurs: true)
        try await takeOut(faults)
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
            let batch = try await desk.claim([message.contact], withTopic: await store.gate.isOpen, only: message.id)
            await cancelWhenGracefulShutdown { await room.send(batch) }
            await slots.leave()
        } catch {
            await slots.leave()
            throw error
        }
    }

    /// Claims for contacts that hints name.
    func claim(hinted contacts: [ContactKey], in lane: Lane, _ intake: Intake) async throws {
        try await claim(contacts, intake, lane == .live ? liveSlots : slots, goesFirst: lane == .live)
    }

    /// - Parameters:
    ///   - goesFirst: whether it overtakes what waits for a mail server.
    ///   - tried: those that a mailer had in hand when it died.
    private func claim(
        _ contacts: [ContactKey], _ intake: Intake, _ slots: Slots, goesFirst: Bool = false,
        tried: Set<ContactKey> = []
    ) async throws {
        for start in stride(from: 0, to: contacts.count, by: page) {
            await slots.enter()
            do {
                // It may have been long until a slot was free.
                if Task.isShuttingDownGracefully { throw CancellationError() }
                let part = Array(contacts[start..<min(start + page, contacts.count)])
                var batch = try await desk.claim(part, withTopic: await store.gate.isOpen)
                batch.tried = part.filter(tried.contains)
                for index in batch.messages.indices { batch.messages[index].goesFirst = goesFirst }
                if !batch.messages.isEmpty { CrashPoint.mailerAfterClaim.pass() }
                count(batch)
                intake.yield(Load(batch: batch, slots: slots))
            } catch {
                await slots.leave()
                throw error
            }
        }
    }
}
