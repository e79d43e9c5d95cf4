import Bounces
import Model
import Pacing
import Store
import Workspaces

extension Report {
    /// As the store keeps it.
    var failure: Claims.Failure? {
        refusal.map { Claims.Failure(kind: $0.kind.rawValue, status: $0.status.map { "\($0)" }) }
    }

    /// What the refusal says of the contact's address; nil where it says nothing of it. A box that was full to the last took
    /// as little as one that is full for good.
    var fault: FailedAddresses.Fault? {
        let isOver = if case .expired = outcome { refusal?.kind == .mailbox } else { outcome == .refused }
        guard isOver, claimed.message.channel == .email, let refusal, let letter,
            let verdict = FailedAddresses.Verdict(refusal.kind)
        else { return nil }
        return FailedAddresses.Fault(
            contact: claimed.message.contact, message: claimed.message.id, address: letter.address, verdict: verdict,
            words: reply)
    }

    /// Where the mail was refused for a fault of its sender's, for which the sender stands still from `now` on.
    func pause(at now: Timestamp) -> SenderPauses.Pause? {
        guard case .turnedAway = outcome, let letter else { return nil }
        return SenderPauses.Pause(
            sender: letter.sender, at: now, status: failure?.status, reply: reply, message: claimed.message.id)
    }
}

extension FailedAddresses.Verdict {
    /// What a refusal for good says of an address; nil where it is not the address's fault.
    init?(_ kind: Refusal.Kind) {
        switch kind {
        case .invalid: self = .invalid
        case .mailbox, .unclear: self = .tookNothing
        case .policy, .content, .transient: return nil
        }
    }
}

extension SenderPauses.Sender {
    /// As whose a message goes out; nil where it goes by no mail.
    init?(of message: Message, in workspace: Workspace) {
        guard message.channel.isMail else { return nil }
        let own = message.channel == .email ? workspace.emails[message.template]?.sender : nil
        let address = (own ?? workspace.sender).address
        guard let at = address.lastIndex(of: "@") else { return nil }
        self.init(
            workspace: message.contact.workspace, domain: String(address[address.index(after: at)...]),
            class: message.topic == nil ? .transactional : .marketing)
    }
}

/// Senders whose mail a server has just refused: what this mailer has in hand of them it need not try, until the gate, which
/// reads the store, knows of it.
actor RefusedSenders {
    private static let memory = Duration.seconds(2)
    private var refused: [SenderPauses.Sender: ContinuousClock.Instant] = [:]

    func note(_ sender: SenderPauses.Sender) { refused[sender] = .now }

    func contains(_ sender: SenderPauses.Sender) -> Bool {
        guard let since = refused[sender] else { return false }
        if since + Self.memory > .now { return true }
        refused[sender] = nil
        return false
    }
}
