import CrashPoints
import Logging
import Metrics
import Model
import ServiceLifecycle
import Store
import Transit

/// One kind of messages on their way out of the store, beside and independent of the others: claimed at a desk, sent by a
/// carrier, in a bounded number of batches at a time.
struct DeliveryLane: Sendable {
    typealias Intake = AsyncStream<ClaimDesk.Batch>.Continuation

    /// Contacts that are looked for at a time, and go into one batch: of cards, which take seconds each, as many as are soon
    /// made.
    private let page: Int

    private let worker: Worker
    private let store: GuardedStore
    private let desk: ClaimDesk
    private let room: Mailroom
    private let slots = Slots(4)
    private let polled: PolledWork
    /// Whether there is any use in claiming now.
    let maySend: @Sendable () async -> Bool

    init(
        _ kind: Claims.Kind, worker: Worker, settings: DeliverySettings, store: GuardedStore, carrier: any Carrier,
        maySend: @escaping @Sendable () async -> Bool
    ) {
        self.worker = worker
        self.store = store
        self.maySend = maySend
        page = kind == .cards ? 4 : 200
        desk = ClaimDesk(kind: kind, worker: worker, settings: settings, store: store)
        room = Mailroom(worker: worker, settings: settings, carrier: carrier, store: store)
        polled = PolledWork(kind.work, worker: worker)
    }

    /// Sends what sources claim, until these have ended. What is claimed then goes back, unless it is past the fence: that is
    /// finished.
    func run(_ sources: [@Sendable (Intake) async -> Void]) async {
        let (batches, intake) = AsyncStream.makeStream(of: ClaimDesk.Batch.self)
        async let sending: Void = sendAll(batches)
        await withDiscardingTaskGroup { group in
            for source in sources { group.addTask { await source(intake) } }
        }
        intake.finish()
        await sending
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

    /// Takes what is due out of the store, always.
    func takeDue(_ intake: Intake) async {
        await every(worker.clockMode == .stepped ? .milliseconds(10) : .milliseconds(250)) {
            do {
                while await maySend(), try await claimDue(intake) >= page {}
            } catch {
                worker.note(error, "due messages wait for the store")
            }
        }
    }

    /// - Returns: how many contacts it found.
    private func claimDue(_ intake: Intake) async throws -> Int {
        // Before a page is opened: whoever keeps one open for long counts as dead.
        await slots.untilFree()
        let machineNow = worker.clock.now
        let withTopic = await store.gate.isOpen
        let contacts = try await store.transaction { session in
            try Claims.dueContacts(
                desk.kind, now: try DomainClock.read(in: session), machineNow: machineNow, withTopic: withTopic,
                limit: Int32(page), in: session)
        }
        let faults = try await polled.handle(contacts[...], alone: messages) { part, tried in
            try await claim(Array(part), intake, tried: tried)
        }
        for (contact, fault) in faults.contacts { try await desk.putOff(contact, because: fault) }
        try await takeOut(faults.parts)
        return contacts.count
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

    /// - Parameter tried: those that a mailer had in hand when it died.
    func claim(
        _ contacts: [ContactKey], _ intake: Intake, tried: Set<ContactKey> = []
    ) async throws {
        for start in stride(from: 0, to: contacts.count, by: page) {
            await slots.enter()
            do {
                // It may have been long until a slot was free.
                if Task.isShuttingDownGracefully { throw CancellationError() }
                let part = Array(contacts[start..<min(start + page, contacts.count)])
                var batch = try await desk.claim(part, withTopic: await store.gate.isOpen)
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
}
