import Contracts
import Logging
import Mail
import Messaging
import Model
import Pacing
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
        /// Whether the contact has consented to being known by opens and clicks.
        var tracks: Bool
        /// Whether theirs are counted in sum, where they have not.
        var countsInSum = false
        var entry: (name: String, properties: JSON)?
        var workspace: Workspace
        /// As the live definitions have them.
        var domains = SendingDomains()
        /// Domain time of the claim: the mail's date.
        var date: Timestamp
        /// Domain time from which it is not sent any more; nil: it has no end.
        var sendUntil: Timestamp?
        /// Of a mail, whose it is and where it goes; nil where no pace is kept.
        var line: MailLine?
        /// Whether it overtakes what waits for a mail server.
        var goesFirst = false
        /// What has let it go, where a limit holds for it.
        var grant: Allotment.Grant?

        /// The site that it goes to, by whose mails it is told apart when one stalls.
        var site: String? { line.map { "\(claimed.message.contact.workspace.rawValue) \($0.site)" } }
    }

    /// The messages of one claim.
    struct Batch: Sendable {
        let kind: Claims.Kind
        var claim: UniqueID
        var messages: [Cleared] = []
        /// Whether its claim is open, also where nothing is claimed under it.
        var isOpen = false
        /// Of limits on what is under way at once, how many of the messages may be.
        var sessions: [SendQuotas.Key: Int64] = [:]
        /// Skipped in the same transaction; their events are in the outbox.
        var skipped = 0
        /// Of these nobody knows whether they were sent before the store was restored; the same holds for them.
        var doubtful = 0
        var outbox: [Outbox.Row] = []
        /// Contacts that a mailer had in hand when it died; once all is sent they are cleared of it.
        var tried: [ContactKey] = []
        /// Why some were put off, as far as that is news.
        fileprivate var faults: [String] = []
    }

    let kind: Claims.Kind
    let worker: Worker
    let settings: DeliverySettings
    let store: GuardedStore
    /// Where the pace of mails is kept, the sites that stall and the limits of mail servers.
    var pacing: (sites: SiteWatch, relays: RelayTurns)?

    /// Claims what is due of `contacts`, or of whoever they have merged into. Messages that the gate refuses end here, with
    /// their reasons.
    ///
    /// - Parameters:
    ///   - withTopic: whether messages that have a topic are claimed too; else they stay planned.
    ///   - message: the only one that is claimed, whatever limits say: it may be what kills mailers, and is tried alone; nil
    ///     claims all.
    ///   - errand: what limits have let go; nothing else is claimed then.
    func claim(
        _ contacts: [ContactKey], withTopic: Bool, only message: UniqueID? = nil, for errand: LineDesk.Errand? = nil
    ) async throws -> Batch {
        var contacts = contacts
        for _ in 0..<5 {
            do {
                return try await claim(exactly: contacts, withTopic: withTopic, only: message, for: errand)
            } catch let merged as Merged {
                contacts = merged.survivors
            }
        }
        throw StoreError.mergedMeanwhile
    }

    private func claim(
        exactly contacts: [ContactKey], withTopic: Bool, only message: UniqueID?, for errand: LineDesk.Errand?
    ) async throws -> Batch {
        let claim = errand?.claim ?? UniqueID.random()
        let terms = pacing.map { sites, relays in
            PaceGate.Terms(isRelayed: relays.areLimited, stalled: sites.stalled, errand: errand)
        }
        let batch = try await store.transaction { session in
            let sentUntil = try Lineages.check(in: session)
            let domain = try DomainClock.reading(in: session)
            let epochs = try SendStates.lock(contacts, in: session)
            try Merged.check(contacts, in: session)
            var due = try due(of: contacts, epochs, withTopic: withTopic, now: domain.now, in: session)
            if let message { due.removeAll { $0.message.id != message } }
            if let errand { due.removeAll { errand.grants[$0.message.id] == nil } }
            let doubtful = due.filter { $0.message.isDoubtful(sentUntil: sentUntil) }.map(\.message)
            due.removeAll { $0.message.isDoubtful(sentUntil: sentUntil) }
            try Claims.doubt(doubtful.map { ($0.contact, $0.id) }, in: session)
            guard !due.isEmpty || !doubtful.isEmpty else {
                return Batch(kind: kind, claim: claim, isOpen: errand != nil)
            }
            let pace = message == nil ? try terms.map { try PaceGate($0, for: due, now: domain.now, in: session) } : nil
            var gate = try GateDesk(
                due, definitions: worker.definitions, knowingErasedBy: worker.erasureKey, keeping: pace,
                now: domain.now, in: session)
            try gate.judge(due)
            var batch = try write(gate, doubtful, under: claim, isOpen: errand != nil, at: domain, in: session)
            (batch.isOpen, batch.sessions) = (errand != nil, errand?.sessions ?? [:])
            batch.faults = try putOff(due, for: gate.unreadable, now: domain.now, in: session)
            return batch
        }
        for fault in batch.faults {
            worker.logger.error("messages cannot be claimed and are put off", metadata: ["reason": "\(fault)"])
        }
        return batch
    }

    private func due(
        of contacts: [ContactKey], _ epochs: [ContactKey: Int32], withTopic: Bool, now: Timestamp,
        in session: PostgresSession
    ) throws -> [Claims.Claimed] {
        let machineNow = worker.clock.now
        let due = try Claims.due(
            kind, of: contacts, epochs: epochs, now: now, machineNow: machineNow, in: session)
        if withTopic { return due }
        // Their hint is used up.
        try Claims.leave(due.map(\.message).filter { $0.topic != nil }, machineNow: machineNow, in: session)
        return due.filter { $0.message.topic == nil }
    }

    private func write(
        _ gate: GateDesk, _ doubtful: [Message], under claim: UniqueID, isOpen: Bool, at domain: DomainClock.Reading,
        in session: PostgresSession
    ) throws -> Batch {
        let machineNow = worker.clock.now
        if !gate.cleared.isEmpty {
            if !isOpen {
                try Claims.open(
                    claim, of: gate.cleared.map(\.claimed), mailer: settings.mailer,
                    expiresAt: machineNow + settings.lease.span, in: session)
            }
            try Claims.claim(
                zip(gate.cleared, gate.validity).map { ($0.claimed, $0.address, $1) }, under: claim, in: session)
        }
        try Claims.skip(
            gate.skipped.map {
                Claims.Refusal(
                    message: $0.message, reasons: $0.reasons.rawValue, saw: $0.saw, basis: $0.basis,
                    state: $0.reasons.contains(.expired) ? .expired : .skipped)
            }, now: domain.now, in: session)
        try Claims.hold(
            gate.held.map { refused, until in
                let (message, reasons) = (refused.message, refused.reasons.rawValue)
                return (
                    Claims.Refusal(
                        message: message, reasons: reasons, saw: refused.saw, basis: refused.basis, state: .planned),
                    until
                )
            }, in: session)
        try SendLines.join(
            try gate.ranked(in: session), reasons: Reasons.paced.rawValue, now: domain.now, machineNow: machineNow,
            in: session)
        try Messages.tellOfHold(gate.released, now: domain.now, in: session)
        let outbox = OutcomeEvents.rows(
            gate.skipped.compactMap {
                OutcomeEvents.event($0.message, .skipped, now: domain.now, detail: "\($0.reasons)")
            }
                + doubtful.compactMap {
                    OutcomeEvents.event($0, .unknown, now: domain.now, detail: "the store was restored")
                })
        try Outbox.add(outbox, clock: domain.mode, machineNow: machineNow, in: session)
        return Batch(
            kind: kind, claim: claim, messages: gate.cleared, skipped: gate.skipped.count, doubtful: doubtful.count,
            outbox: outbox)
    }

    /// - Returns: the reasons that are news.
    private func putOff(
        _ due: [Claims.Claimed], for faults: [GateDesk.RevisionKey: any Error], now: Timestamp,
        in session: PostgresSession
    ) throws -> [String] {
        try faults.compactMap { revision, fault in
            let messages = due.map(\.message).filter { GateDesk.RevisionKey($0) == revision }
            let isNews = try Claims.postpone(
                messages.map { ($0.contact, $0.revision) }, because: "\(fault)", now: now,
                machineNow: worker.clock.now, in: session)
            return isNews ? "\(fault)" : nil
        }
    }

    /// Puts off what is due of a contact for whom no claim succeeds.
    func putOff(_ contact: ContactKey, because fault: any Error) async throws {
        let machineNow = worker.clock.now
        let isNews = try await store.transaction { session in
            _ = try SendStates.lock([contact], in: session)
            return try Claims.postpone(
                [(contact, nil)], because: "\(fault)", now: try DomainClock.read(in: session),
                machineNow: machineNow, in: session)
        }
        guard isNews else { return }
        worker.logger.error("messages cannot be claimed and are put off", metadata: ["reason": "\(fault)"])
    }
}

/// Contacts merged before their locks were had: begin again with the survivors.
private struct Merged: Error {
    var survivors: [ContactKey]

    /// - Throws: itself where one of `contacts`, whose locks are held, has merged.
    static func check(_ contacts: [ContactKey], in session: PostgresSession) throws {
        let survivors = try Contacts.survivors(of: contacts, in: session)
        guard survivors.contains(where: { $0.key != $0.value }) else { return }
        throw Merged(survivors: Set(contacts.map { survivors[$0] ?? $0 }).sorted())
    }
}

extension Duration {
    var span: Span { Span(microseconds: components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000) }
}

extension Message {
    /// Whether it may have been sent from a store that is gone.
    fileprivate func isDoubtful(sentUntil: Timestamp?) -> Bool {
        sentUntil.map { (causeAt ?? plannedAt) <= $0 } ?? false
    }
}
