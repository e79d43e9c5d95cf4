import Logging
public import Model
import Postgres
public import Store

/// What a worker finds to do in the store by itself, contact by contact, kept from what kills whoever handles it.
///
/// No broker counts how often such work was taken. So a page of contacts is noted in the store before it is begun; the
/// note of a worker that died counts as a try of all in it, and who was tried twice is handled alone.
public actor PolledWork {
    private let worker: Worker
    private let work: Pages.Work
    /// Pages that are done and could not be closed.
    private var unclosed: [UniqueID] = []
    private var lastInheritance: ContinuousClock.Instant?
    /// Since when the store has answered again, where it has not: those who live close their pages then.
    private var answersSince: ContinuousClock.Instant?

    private static let pause = Duration.seconds(1)
    /// Longer than the patience with a page, so that whoever came through an outage has closed its own.
    private static let rest = Duration.seconds(12)

    public init(_ work: Pages.Work, worker: Worker) {
        self.work = work
        self.worker = worker
    }

    /// Handles contacts: together as a rule; those that may be what kills workers part by part, each alone.
    ///
    /// - Parameters:
    ///   - parts: what one contact has to be handled, and how; see ``Parts``.
    ///   - together: as the effect of `Worker.bisect`; is told which of its contacts were tried before.
    /// - Returns: those that fail by themselves, with why.
    public func handle(
        _ contacts: ArraySlice<ContactKey>, alone parts: Parts,
        together: @Sendable (ArraySlice<ContactKey>, _ tried: Set<ContactKey>) async throws -> Void
    ) async throws -> Faults {
        do {
            return try await attempt(contacts, together, parts)
        } catch {
            answersSince = .now
            throw error
        }
    }

    /// What a contact has to be handled: its runs, or its messages.
    public struct Parts: Sendable {
        var list: @Sendable (ContactKey) async throws -> [Part]
        var handle: @Sendable (Part) async throws -> Void

        /// - Parameters:
        ///   - list: what is due of a contact now.
        ///   - handle: handles one of these, and returns when it can do no more harm.
        public init(
            list: @escaping @Sendable (ContactKey) async throws -> [Part],
            handle: @escaping @Sendable (Part) async throws -> Void
        ) {
            self.list = list
            self.handle = handle
        }
    }

    /// A run or a message.
    public struct Part: Sendable, Hashable {
        public var contact: ContactKey
        public var id: UniqueID

        public init(contact: ContactKey, id: UniqueID) {
            self.contact = contact
            self.id = id
        }
    }

    /// What fails by itself, with why.
    public struct Faults: Sendable {
        public var contacts: [(item: ContactKey, fault: any Error)] = []
        public var parts: [(item: Part, fault: any Error)] = []

        public var count: Int { contacts.count + parts.count }
    }

    private func attempt(
        _ contacts: ArraySlice<ContactKey>,
        _ together: @Sendable (ArraySlice<ContactKey>, Set<ContactKey>) async throws -> Void, _ parts: Parts
    ) async throws -> Faults {
        var faults = Faults()
        guard !contacts.isEmpty else { return faults }
        let counts = try await tries(of: contacts)
        let page = contacts.filter { counts[$0, default: 0] < Trials.suspicion }
        let suspects = contacts.filter { counts[$0, default: 0] >= Trials.suspicion }
        if !page.isEmpty {
            let tried = Set(page.filter { counts[$0] != nil })
            let id = UniqueID.random()
            try await open(id, page)
            do {
                faults.contacts = try await worker.bisect(page[...]) { @Sendable in try await together($0, tried) }
            } catch {
                await close(id)
                throw error
            }
            await close(id)
        }
        if !suspects.isEmpty { faults.parts = try await handle(suspects, by: parts, isOurs: false) }
        return faults
    }

    /// Handles all parts of suspects, one by one.
    ///
    /// - Parameter isOurs: see `Worker.tryAlone`.
    /// - Returns: those that fail by themselves, with why.
    public func handle(
        _ suspects: [ContactKey], by parts: Parts, isOurs: Bool
    ) async throws -> [(item: Part, fault: any Error)] {
        var due: [Part] = []
        for contact in suspects { due += try await parts.list(contact) }
        let work = work
        let faults = try await worker.tryAlone(due[...], isOurs: isOurs, identity: { work.item($0.contact, $0.id) }) {
            for part in $0 { try await parts.handle(part) }
        }
        var clear: [UniqueID] = []
        for contact in suspects where try await parts.list(contact).isEmpty { clear.append(work.item(contact)) }
        let cleared = clear
        if !cleared.isEmpty { try await worker.pool.withConnection { try Trials.forget(cleared, in: $0) } }
        return faults
    }

    private func tries(of contacts: ArraySlice<ContactKey>) async throws -> [ContactKey: Int] {
        let (work, now) = (work, worker.clock.now)
        let inherits = isTimeToInherit
        return try await worker.pool.withTransaction { session in
            if inherits { try Pages.inherit(work, before: now - Trials.patience, machineNow: now, in: session) }
            // The names of thousands are not worked out for nothing.
            guard try Trials.areAny(in: session) else { return [:] }
            let ids = contacts.map { work.item($0) }
            let trials = try Trials.of(ids, in: session)
            var counts: [ContactKey: Int] = [:]
            for (contact, id) in zip(contacts, ids) { counts[contact] = trials[id]?.count }
            return counts
        }
    }

    private var isTimeToInherit: Bool {
        let now = ContinuousClock.now
        let isRested = answersSince.map { now - $0 > Self.rest } ?? true
        guard isRested, lastInheritance.map({ now - $0 > Self.pause }) ?? true else { return false }
        lastInheritance = now
        return true
    }

    private func open(_ page: UniqueID, _ contacts: [ContactKey]) async throws {
        let trial = Trials.Trial(begunAt: worker.clock.now, worker: worker.name, isAlone: false)
        let (work, done) = (work, unclosed)
        try await worker.pool.withConnection { session in
            try Pages.close(done, in: session)
            try Pages.open(page, of: contacts, for: work, by: trial, in: session)
        }
        // Others may have failed to close theirs meanwhile.
        unclosed.removeAll(where: done.contains)
    }

    private func close(_ page: UniqueID) async {
        do {
            try await worker.pool.withConnection { try Pages.close([page], in: $0) }
        } catch {
            unclosed.append(page)
        }
    }
}
