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
    private let tally = AudienceTally()
    private let woken = Counter(label: "loods_wakes_fired_total")
    private let failed = Counter(label: "loods_wakes_failed_total")
    private let backfilled = Counter(label: "loods_backfilled_contacts_total")

    /// A contact that cannot be evaluated is looked at again after so long.
    private static let respite = Span.hours(1)

    public init(worker: Worker) {
        self.worker = worker
        polled = PolledWork(.wakes, worker: worker)
    }

    // MARK: Wakes

    /// Looks at up to `limit` contacts whose wakes are due. One that cannot be evaluated is put off, and the others go on.
    ///
    /// All workers see the same earliest wakes, so one that finds its choice held by another takes the next part.
    ///
    /// - Returns: how many contacts were looked at; 0 while others hold all that is due now.
    public func fireWakes(limit: Int32) async throws -> Int {
        let due = try await worker.pool.withTransaction { session in
            try Wakes.dueContacts(at: try DomainClock.read(in: session), limit: 4 * limit, in: session)
        }
        for start in stride(from: 0, to: due.count, by: Int(limit)) {
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
            await looked.add(try await wake([$0.contact]))
        }
        let faults = try await polled.handle(due, alone: wholes) { part, _ in
            await looked.add(try await wake(Array(part)))
        }
        for (contact, fault) in faults.contacts { try await putOff(contact, fault) }
        for (part, fault) in faults.parts { try await putOff(part.contact, fault) }
        return await looked.contacts + faults.count
    }

    private func isDue(_ contact: ContactKey) async throws -> Bool {
        try await worker.pool.withTransaction { session in
            let now = try DomainClock.read(in: session)
            return try !Wakes.due(of: [contact], at: now, in: session).isEmpty
        }
    }

    private func wake(_ contacts: [ContactKey]) async throws -> Int {
        let result = try await review { try $0.wake(contacts) }
        woken.increment(by: result.contacts)
        return result.contacts
    }

    private func putOff(_ contact: ContactKey, _ fault: any Error) async throws {
        worker.logger.error("a contact cannot be evaluated", metadata: ["reason": "\(fault)"])
        failed.increment()
        try await worker.pool.withTransaction { session in
            let now = try DomainClock.read(in: session)
            guard try !Contacts.lockFree([contact], in: session).isEmpty else { return }
            try Wakes.set([contact: now + Self.respite], in: session)
            let work = Pages.Work.wakes
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
        guard let slice = try await worker.pool.withTransaction({ try Backfills.claim(size: size, hand, in: $0) })
        else { return false }
        let result = try await review { try $0.backfill(slice) }
        backfilled.increment(by: result.contacts)
        return true
    }

    private var hand: Backfills.Hand { Backfills.Hand(worker: worker.name, machineNow: worker.clock.now) }

    private func review(
        _ body: @Sendable (AudienceReview) throws -> AudienceReview.Result
    ) async throws -> AudienceReview.Result {
        let (cache, clock) = (worker.definitions, worker.clock)
        let result = try await worker.pool.withRepeatedTransaction { session in
            try body(AudienceReview(definitions: cache, machineNow: clock.now, session: session))
        }
        tally.add(result.account)
        await worker.relay.publish(result.outbox)
        return result
    }
}

/// Adds up over the parts of a batch.
private actor Looked {
    private(set) var contacts = 0
    func add(_ number: Int) { contacts += number }
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
