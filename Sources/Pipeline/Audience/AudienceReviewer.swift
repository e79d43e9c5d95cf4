import Logging
import Messaging
import Metrics
import Model
import Postgres
import Store
public import Transit
import Workspaces

/// Looks at contacts by itself: those whose wakes are due, and, slice by slice, those that new definitions have not reached.
public struct AudienceReviewer: Sendable {
    private let worker: Worker
    private let polled: PolledWork
    private let bulk: PolledWork
    private let tally = AudienceTally()
    private let rules: RulesCache
    private let woken = Counter(label: "loods_wakes_fired_total")
    private let failed = Counter(label: "loods_wakes_failed_total")
    private let backfilled = Counter(label: "loods_backfilled_contacts_total")

    /// A contact that cannot be evaluated is looked at again after so long.
    private static let respite = Span.hours(1)

    public init(worker: Worker) {
        self.worker = worker
        rules = RulesCache(worker.definitions)
        polled = PolledWork(.wakes, worker: worker)
        bulk = PolledWork(.backfills, worker: worker)
    }

    // MARK: Wakes

    /// Looks at up to `limit` contacts whose wakes are due. One that cannot be evaluated is put off, and the others go on.
    ///
    /// All workers see the same earliest wakes. So each begins at a part of its own choice, and one that finds it held by
    /// another takes the next.
    ///
    /// - Returns: how many contacts were looked at; 0 while others hold all that is due now.
    public func fireWakes(limit: Int32) async throws -> Int {
        let due = try await worker.pool.withTransaction { session in
            try Wakes.dueContacts(at: try DomainClock.read(in: session), limit: 4 * limit, in: session)
        }
        let starts = Array(stride(from: 0, to: due.count, by: Int(limit)))
        guard !starts.isEmpty else { return 0 }
        let choice = Int(UniqueID.random().low % UInt64(starts.count))
        for start in starts[choice...] + starts[..<choice] {
            let looked = try await fire(due[start..<min(start + Int(limit), due.count)])
            if looked > 0 { return looked }
        }
        return 0
    }

    private func fire(_ due: ArraySlice<ContactKey>) async throws -> Int {
        let looked = Looked()
        // A contact's wake is all that there is of it, and goes by the contact's own id.
        let wholes = PolledWork.Parts {
            try await isDue($0) ? [PolledWork.Part(contact: $0, id: $0.contact)] : []
        } handle: {
            try await wake([$0.contact], looked)
        }
        let faults = try await polled.handle(due, alone: wholes) { part, _ in
            try await wake(Array(part), looked)
        }
        for (contact, fault) in faults.contacts { try await putOff(contact, fault, .wakes) }
        for (part, fault) in faults.parts { try await putOff(part.contact, fault, .wakes) }
        return await looked.contacts + faults.count
    }

    private func isDue(_ contact: ContactKey) async throws -> Bool {
        try await worker.pool.withTransaction { session in
            let now = try DomainClock.read(in: session)
            return try !Wakes.due(of: [contact], at: now, in: session).isEmpty
        }
    }

    private func wake(_ contacts: [ContactKey], _ looked: Looked) async throws {
        let result = try await review { try $0.wake(contacts) }
        woken.increment(by: result.contacts)
        await looked.add(result.contacts)
    }

    /// Who was put off is looked at again an hour later, and meets what there is to meet then.
    private func putOff(_ contact: ContactKey, _ fault: any Error, _ work: Pages.Work) async throws {
        worker.logger.error(
            "a contact cannot be evaluated", metadata: ["reason": "\(fault)", "work": "\(work.rawValue)"])
        failed.increment()
        try await worker.pool.withTransaction { session in
            let now = try DomainClock.read(in: session)
            guard try !Contacts.lockFree([contact], in: session).isEmpty else { return }
            try Wakes.set([contact: now + Self.respite], in: session)
            try Trials.forget([work.item(contact), work.item(contact, contact.contact)], in: session)
        }
    }

    // MARK: Backfill

    /// Takes up definitions that were applied since the last look.
    public func takeUpDefinitions() async throws {
        let (cache, hand) = (worker.definitions, hand)
        try await worker.pool.withTransaction { session in
            let now = try DomainClock.read(in: session)
            for (workspace, revision, before) in try Backfills.awaited(in: session) {
                let isNeeded = try cache.mayDiffer(workspace, revision, from: before, in: session)
                // Without a backfill before, contacts may have been evaluated by a release that knew no segments.
                try Backfills.begin(
                    workspace, revision: revision, isNeeded: isNeeded, everybody: before == nil, now: now, hand,
                    in: session)
            }
        }
    }

    /// Does the next slice of up to `size` contacts.
    ///
    /// - Returns: whether there was one.
    public func backfill(size: Int32) async throws -> Bool {
        let hand = hand
        let next = try await worker.pool.withTransaction { session in
            try Backfills.claim(size: size, hand, in: session).map { ($0, try Backfills.contacts(of: $0, in: session)) }
        }
        guard let (slice, contacts) = next else { return false }
        guard try await backfill(contacts.open, of: slice) else { return true }
        try await worker.pool.withTransaction { try Backfills.finish(slice, contacts: contacts.all, in: $0) }
        return true
    }

    /// One contact that cannot be evaluated, or kills whoever does it, is put off, and the others go on.
    ///
    /// - Returns: whether all have come to an end; another worker may have some of them in hand.
    private func backfill(_ contacts: [ContactKey], of slice: Backfills.Slice) async throws -> Bool {
        let looked = Looked()
        let wholes = PolledWork.Parts {
            await looked.has($0) ? [] : [PolledWork.Part(contact: $0, id: $0.contact)]
        } handle: {
            try await backfill([$0.contact], of: slice, looked)
        }
        let faults = try await bulk.handle(contacts[...], alone: wholes) { part, _ in
            try await backfill(Array(part), of: slice, looked)
        }
        for (contact, fault) in faults.contacts { try await putOff(contact, fault, .backfills) }
        for (part, fault) in faults.parts { try await putOff(part.contact, fault, .backfills) }
        return await looked.contacts + faults.count == contacts.count
    }

    private func backfill(_ contacts: [ContactKey], of slice: Backfills.Slice, _ looked: Looked) async throws {
        let result = try await review { try $0.backfill(Set(contacts), of: slice) }
        backfilled.increment(by: result.contacts)
        await looked.add(contacts)
    }

    private var hand: Backfills.Hand { Backfills.Hand(worker: worker.name, machineNow: worker.clock.now) }

    private func review(
        _ body: @Sendable (AudienceReview) throws -> AudienceReview.Result
    ) async throws -> AudienceReview.Result {
        let (rules, cache, clock) = (rules, worker.definitions, worker.clock)
        let result = try await worker.pool.withRepeatedTransaction { session in
            try body(AudienceReview(rules: rules, definitions: cache, machineNow: clock.now, session: session))
        }
        tally.add(result.account)
        await worker.relay.publish(result.outbox)
        return result
    }
}

/// Adds up over the parts of a batch.
private actor Looked {
    private(set) var contacts = 0
    private var names: Set<ContactKey> = []

    func add(_ number: Int) { contacts += number }

    func add(_ contacts: [ContactKey]) {
        names.formUnion(contacts)
        self.contacts = names.count
    }

    func has(_ contact: ContactKey) -> Bool { names.contains(contact) }
}

extension DefinitionsCache {
    /// Whether a revision may make something else of a contact than the one before. One that cannot be read may not be
    /// compared.
    fileprivate func mayDiffer(
        _ id: WorkspaceID, _ revision: Int32, from before: Int32?, in session: PostgresSession
    ) throws -> Bool {
        guard let before else { return true }
        do {
            let (old, new) = (
                try workspace(id, revision: before, in: session), try workspace(id, revision: revision, in: session)
            )
            return old.audienceDigest != new.audienceDigest
        } catch is DefinitionsError {
            return true
        }
    }
}
