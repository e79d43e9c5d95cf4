import Content
import CrashPoints
import Mail
import Model
import Pacing
import Postgres
import SendGate
import Store
import Transit
import Workspaces

/// Puts due messages before the gate, with the ledger as it stands under the contacts' locks.
struct GateDesk {
    private(set) var cleared: [ClaimDesk.Cleared] = []
    /// Of each cleared message: until when time alone does not change the verdict.
    private(set) var validity: [Timestamp] = []
    private(set) var skipped: [Refused] = []
    private(set) var held: [(refused: Refused, until: Timestamp)] = []
    /// Those that wait in line for their turn.
    private(set) var lined: [SendLines.Joining] = []
    /// The held ones whose runs go on meanwhile.
    private(set) var released: [Message] = []
    /// Whose definitions this build cannot read, and why.
    private(set) var unreadable: [RevisionKey: any Error] = [:]

    private let states: [ContactKey: Contacts.State]
    private let consents: [ContactKey: [Consents.Entry]]
    private let companies: [WorkspaceID: [String: [String: JSON]]]
    private let erased: [WorkspaceID: [String: Tombstones.Order]]
    private let suppressions: [WorkspaceID: [String: String]]
    private let pausedSenders: Set<SenderPauses.Sender>
    private let stopped: Set<WorkspaceID>
    /// Nil where no pace is kept.
    private let pace: PaceGate?
    private let entries: [UniqueID: (name: String, properties: JSON)]
    private let workspaces: [RevisionKey: Workspace]
    let rules: MarketingRules
    /// What contacts have had, and what this batch has let through.
    private var sends: [ContactKey: [PastSend]]
    let now: Timestamp

    /// A message that may not go, or not yet.
    struct Refused {
        var message: Message
        var reasons: Reasons
        /// The caps that are full, where that is among the reasons.
        var caps: [FullCap] = []
        /// On what it would go, as it is stored.
        var basis: JSON?

        /// What is stored of it beside the reasons.
        var saw: JSON? { caps.isEmpty ? nil : .object(["caps": .array(caps.map(\.json))]) }
    }

    struct RevisionKey: Hashable {
        var workspace: WorkspaceID
        var revision: Int32

        init(_ message: Message) { (workspace, revision) = (message.contact.workspace, message.revision) }
    }

    init(
        _ due: [Claims.Claimed], definitions: DefinitionsCache, knowingErasedBy erasureKey: ErasureKey?,
        keeping pace: PaceGate? = nil, now: Timestamp, in session: PostgresSession
    ) throws {
        let contacts = Set(due.map(\.message.contact))
        (self.now, self.pace) = (now, pace)
        stopped = try KillSwitches.on(among: Set(contacts.map(\.workspace)), in: session)
        pausedSenders = try SenderPauses.standing(in: Set(contacts.map(\.workspace)), session: session)
        states = try Contacts.states(of: contacts, in: session)
        companies = try Companies.attributes(ofCompaniesOf: states.values, in: session)
        consents = try Consents.current(of: contacts, in: session)
        var workspaces: [RevisionKey: Workspace] = [:]
        for key in Set(due.map { RevisionKey($0.message) }) {
            do {
                workspaces[key] = try definitions.workspace(key.workspace, revision: key.revision, in: session)
            } catch  where error is DefinitionsError || error is StoreError {
                unreadable[key] = error
            }
        }
        self.workspaces = workspaces
        let rules = try MarketingRules(
            due.map(\.message), workspaces, definitions, consents: consents, now: now, in: session)
        self.rules = rules
        sends = rules.sends
        var mentions: [TemplateKey: Bool] = [:]
        let curious = due.map(\.message).filter { message in
            // Whoever is told something is told what it began with; who is asked to confirm, what they asked for.
            if message.channel != .email || message.isConfirmation { return true }
            let key = TemplateKey(revision: RevisionKey(message), name: message.template)
            if let known = mentions[key] { return known }
            let answer = workspaces[key.revision]?.emails[key.name]?.mentionsEvent ?? false
            mentions[key] = answer
            return answer
        }
        let entries = try Runs.entryProperties(of: curious.map { ($0.contact, $0.run) }, in: session)
        self.entries = entries
        let given = due.map(\.message).filter(\.isConfirmation).compactMap { message in
            entries[message.run]?.properties.givenAddress.map { (workspace: message.contact.workspace, address: $0) }
        }
        let own = states.values.compactMap { state in
            state.address.map { (workspace: state.key.workspace, address: $0) }
        }
        let addresses = given + own
        suppressions = try Suppressions.reasons(of: addresses, in: session)
        erased = try Tombstones.orders(for: addresses, by: erasureKey, in: session)
    }

    private struct TemplateKey: Hashable {
        var revision: RevisionKey
        var name: String
    }

    mutating func judge(_ due: [Claims.Claimed]) throws {
        CrashItem.claim.handle(due.lazy.map(\.message.template))
        for claimed in inTurn(due) {
            let message = claimed.message
            let key = RevisionKey(message)
            if unreadable[key] != nil { continue }
            guard let state = states[message.contact], let workspace = workspaces[key] else {
                skipped.append(Refused(message: message, reasons: .erased))
                continue
            }
            // Where the live definitions cannot be read, the message's own say what marketing is held to.
            let live = rules.live[message.contact.workspace] ?? workspace
            let facts = facts(of: claimed, state, workspace, live)
            let (policy, ledger) = (self.policy(of: message, live), self.ledger(of: state, for: message))
            let judgement = SendGate.judgement(facts, ledger, under: policy, now: now)
            let basis = judgement.basis?.json
            switch judgement.verdict {
            case .send(let validUntil):
                var granted = claimed
                granted.basis = basis
                granted.mayResend =
                    message.channel.isMail && !claimed.isResent && live.policy.onUnknown.resends(facts.messageClass)
                var mail = clear(granted, to: facts.address, state, workspace, live)
                mail.sendUntil = facts.sendUntil
                if let line = mail.line, pace?.keepsBack(message, in: line, live) == true {
                    lined.append(SendLines.Joining(message: message, line: line, rank: 0))
                    if workspace.goesOn(whileHeldAt: message.step, journey: message.journey) {
                        released.append(message)
                    }
                    continue
                }
                cleared.append(mail)
                validity.append(min(validUntil, mail.grant?.end ?? validUntil))
                if let topic = message.topic, message.channel != .site {
                    sends[message.contact, default: []].append(
                        PastSend(topic: topic, at: now, name: "\(message.journey)/\(message.step)"))
                }
            case .skip(let reasons): skipped.append(refused(message, reasons, live.policy, basis))
            case .hold(let until, let reasons):
                let isHeldForGood = claimed.isPaused || facts.isSenderPaused || facts.isWorkspaceStopped
                held.append((refused(message, reasons, live.policy, basis), isHeldForGood ? Pauses.never : until))
                guard !claimed.isPaused, !facts.isWorkspaceStopped else { continue }
                if workspace.goesOn(whileHeldAt: message.step, journey: message.journey) { released.append(message) }
            }
        }
    }

    private func refused(
        _ message: Message, _ reasons: Reasons, _ policy: SendPolicy, _ basis: JSON?
    ) -> Refused {
        guard reasons.contains(.capped), let topic = message.topic else {
            return Refused(message: message, reasons: reasons, basis: basis)
        }
        return Refused(
            message: message, reasons: reasons,
            caps: policy.fullCaps(for: topic, after: sends[message.contact] ?? [], now: now), basis: basis)
    }

    private func facts(
        of claimed: Claims.Claimed, _ state: Contacts.State, _ workspace: Workspace, _ live: Workspace
    ) -> MessageFacts {
        let message = claimed.message
        var facts = MessageFacts(
            message.topic.map { .topic($0) } ?? .transactional, channel: Channel(rawValue: message.channel.rawValue),
            address: address(of: message, to: state, workspace), isPaused: claimed.isPaused)
        facts.hasLeftSegment = claimed.hasLeftSegment
        facts.isSenderPaused =
            SenderPauses.Sender(of: message, in: workspace).map(pausedSenders.contains) ?? false
        facts.asksForConsent = message.isConfirmation
        facts.isWorkspaceStopped = stopped.contains(message.contact.workspace)
        if message.channel.isMail {
            facts.sendUntil = workspace.end(
                ofEmail: message.template, facts.messageClass, plannedAt: message.plannedAt, under: live.policy)
        }
        guard message.topic != nil else { return facts }
        facts.isHeldOut = live.isHeldOut(message.contact.contact) ?? false
        facts.journeyEnded = rules.ended.contains(message.run)
        facts.restraint = workspace.restraint(
            ofEmail: message.template, step: message.step, journey: message.journey)
        if live.policy.quietHours != nil {
            facts.zone = LocalZone(of: .object(state.attributes), otherwise: live.zone)
        }
        return facts
    }

    /// Of one contact's messages the journey with the highest priority comes first: what a cap leaves is its own.
    private func inTurn(_ due: [Claims.Claimed]) -> [Claims.Claimed] {
        due.map { (claimed: $0, priority: priority(of: $0.message)) }.sorted { left, right in
            let (a, b) = (left.claimed.message, right.claimed.message)
            if a.contact != b.contact { return a.contact < b.contact }
            if left.priority != right.priority { return left.priority > right.priority }
            return (a.plannedAt, a.journey, a.step, a.visit, a.id) < (b.plannedAt, b.journey, b.step, b.visit, b.id)
        }.map(\.claimed)
    }

    /// Marketing alone is held to caps.
    private func priority(of message: Message) -> Int {
        guard message.topic != nil else { return 0 }
        let workspace = rules.live[message.contact.workspace] ?? workspaces[RevisionKey(message)]
        return workspace?.priority(ofJourney: message.journey) ?? 0
    }

    private func clear(
        _ claimed: Claims.Claimed, to address: MessageAddress, _ state: Contacts.State, _ workspace: Workspace,
        _ live: Workspace
    ) -> ClaimDesk.Cleared {
        let topics = (consents[state.key] ?? []).topics(givenAt: state.address)
        let address = claimed.message.channel == .email ? goal(of: claimed.message, state) ?? "" : address.text
        return ClaimDesk.Cleared(
            claimed: claimed, address: address,
            attributes: state.seen(with: companies[state.key.workspace]).object ?? state.attributes,
            tracks: topics.contains(Workspace.trackingTopic),
            // What somebody is owed may hold secrets in its links.
            countsInSum: live.policy.countsInSum && claimed.message.topic != nil,
            entry: entries[claimed.message.run],
            workspace: workspace, domains: live.sendingDomains, date: now,
            line: pace == nil ? nil : PaceGate.line(of: claimed.message, to: address, workspace, live),
            grant: pace?.grant(for: claimed.message))
    }

    /// What a visitor is shown disturbs nobody, who has come by themselves, and fills no mailbox: it is held to no hours and
    /// caps. Post comes when it comes, at whatever hour it is sent. Whoever is held out gets neither.
    private func policy(of message: Message, _ live: Workspace) -> SendPolicy {
        switch message.channel {
        case .site: live.policy.withoutHours(isCapped: false)
        case .postcard: live.policy.withoutHours(isCapped: true)
        case .email, .notify, .webhook: live.policy
        }
    }

    private func address(of message: Message, to state: Contacts.State, _ workspace: Workspace) -> MessageAddress {
        if message.channel == .site { return ContactLedger.noMailbox }
        if message.channel == .postcard {
            let parts = workspace.postcard(of: message)?.address.parts(of: state.attributes)
            return parts == nil ? .missing : ContactLedger.noMailbox
        }
        guard message.channel != .email else { return MessageAddress(goal(of: message, state)) }
        return workspace.receiver(of: message).map { .usable($0.address) } ?? .missing
    }

    /// Where a mail goes: the contact's address, or the one that they gave and are asked to confirm.
    private func goal(of message: Message, _ state: Contacts.State) -> String? {
        (message.isConfirmation ? entries[message.run]?.properties.givenAddress : nil) ?? state.address
    }

    /// The address of somebody who was erased: what stopped mail to it then still does. Erasure itself stops marketing until
    /// the person who came back consents to it.
    private func tombstone(of state: Contacts.State, at address: String?) -> Suppression? {
        guard let address = address?.comparedAddress, let order = erased[state.key.workspace]?[address] else {
            return nil
        }
        guard order.endsWithConsent else {
            return Suppression(Suppression.Kind(rawValue: order.reason) ?? .all, address: address)
        }
        let returned = (consents[state.key] ?? []).contains { $0.state == .given && $0.at > order.erasedAt }
        return returned ? nil : Suppression(.marketing, address: address)
    }

    private func ledger(of state: Contacts.State, for message: Message) -> ContactLedger {
        guard message.channel == .site || message.channel == .postcard else {
            return ledger(of: state, at: goal(of: message, state))
        }
        // A consent that names no address is worth something to people without one.
        return ledger(of: state, at: state.address ?? "")
            .elsewhere(on: Channel(rawValue: message.channel.rawValue))
    }

    private func ledger(of state: Contacts.State, at address: String?) -> ContactLedger {
        // Those of the others of the batch are none of theirs, least of all on channels that know no addresses.
        let own = address?.comparedAddress
        let orders = suppressions[state.key.workspace]?.filter { $0.key == own }.map { address, reason in
            Suppression(Suppression.Kind(rawValue: reason) ?? .all, address: address)
        }
        var ledger = ContactLedger(
            consents[state.key] ?? [], at: address,
            suppressions: (orders ?? []) + [tombstone(of: state, at: address)].compactMap(\.self),
            sends: sends[state.key] ?? [])
        ledger.sales = rules.sales[state.key] ?? [:]
        ledger.engagement = rules.engagements[state.key] ?? Engagement()
        return ledger
    }
}

extension EmailDefinition {
    /// Whether a template refers to the event that its run began with.
    fileprivate var mentionsEvent: Bool {
        mergeFields.contains { $0 == "event" || $0.hasPrefix("event.") }
    }
}

extension JSON {
    /// The address that a consent names.
    fileprivate var givenAddress: String? { self["address"]?.string.flatMap { $0.isEmpty ? nil : $0 } }
}

extension Message {
    /// Whether it asks for the confirmation of a consent.
    var isConfirmation: Bool { journey.hasPrefix(Topic.confirmationPrefix) }
}

extension MessageAddress {
    fileprivate init(_ address: String?) {
        guard let address, !address.isEmpty else {
            self = .missing
            return
        }
        self = (try? MailAddress(address)) == nil ? .malformed : .usable(address.comparedAddress)
    }

    fileprivate var text: String { if case .usable(let address) = self { address } else { "" } }
}
