import Contracts
import Logging
import Mail
import Messaging
import Model
import Postgres
import SendGate
import Store
import Transit
import Workspaces

/// Takes messages out of the store under a claim, once the gate has let them through.
struct ClaimDesk: Sendable {
    /// A message that may be sent, with all that composing it needs.
    struct Cleared: Sendable {
        var claimed: Claims.Claimed
        var address: String
        var attributes: [String: JSON]
        var tracks: Bool
        var entry: (name: String, properties: JSON)?
        var workspace: Workspace
        /// Domain time of the claim: the mail's date.
        var date: Timestamp
    }

    /// The messages of one claim.
    struct Batch: Sendable {
        var claim: UniqueID
        var messages: [Cleared] = []
        /// Skipped in the same transaction; their events are in the outbox.
        var skipped = 0
        var outbox: [Outbox.Row] = []
    }

    let worker: Worker
    let settings: DeliverySettings

    /// Claims what is due of `contacts`. Messages that the gate refuses end here, with their reasons.
    func claim(_ contacts: [ContactKey]) async throws -> Batch {
        let (cache, clock) = (worker.definitions, worker.clock)
        let claim = UniqueID.random()
        return try await worker.pool.withRepeatedTransaction { session in
            let domain = try DomainClock.reading(in: session)
            let epochs = try SendStates.lock(contacts, in: session)
            let due = try Claims.due(
                of: contacts, epochs: epochs, now: domain.now, machineNow: clock.now, in: session)
            var batch = Batch(claim: claim)
            guard !due.isEmpty else { return batch }
            var gate = try GateDesk(due, definitions: cache, now: domain.now, in: session)
            try gate.judge(due)
            batch.messages = gate.cleared
            batch.skipped = gate.skipped.count
            if !batch.messages.isEmpty {
                try Claims.open(
                    claim, mailer: settings.mailer, expiresAt: clock.now + settings.lease.span, in: session)
                try Claims.claim(
                    zip(gate.cleared, gate.validity).map { ($0.claimed, $0.address, $1) }, under: claim, in: session)
            }
            try Claims.skip(
                gate.skipped.map {
                    ($0.message, $0.reasons.rawValue, $0.reasons.contains(.expired) ? .expired : .skipped)
                },
                now: domain.now, in: session)
            try Claims.hold(gate.held.map { ($0.message, $0.reasons.rawValue, $0.until) }, in: session)
            batch.outbox = OutcomeEvents.rows(
                gate.skipped.map {
                    OutcomeEvents.event($0.message, EventNames.emailSkipped, now: domain.now, detail: "\($0.reasons)")
                })
            try Outbox.add(batch.outbox, clock: domain.mode, machineNow: clock.now, in: session)
            return batch
        }
    }
}

extension Duration {
    var span: Span { Span(microseconds: components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000) }
}
