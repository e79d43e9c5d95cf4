import Bounces
import Contracts
import Model
import Pacing
import Postgres
import SendGate
import Store
import Transit
import Workspaces

/// What came back of messages that are there, and what it means.
struct Returns {
    /// What came back, and of which mail.
    private let all: [(returned: ReturnedMail, mail: ReturnedMails.Mail)]

    /// - Parameter found: the messages by their marks; what came back of others is of nobody, or of somebody erased.
    init(_ returned: [ReturnedMail], _ found: [MessageMark: ReturnedMails.Mail]) {
        all = returned.compactMap { returned in found[returned.mark].map { (returned, $0) } }
    }

    /// Those that are recorded with their messages, one each: of several a complaint, or else the first.
    var failed: [ReturnedMails.Return] {
        var returns: [UniqueID: ReturnedMails.Return] = [:]
        for (returned, mail) in all {
            guard let kind = returned.kind.failure else { continue }
            let failure = Claims.Failure(kind: kind, status: returned.status)
            let isComplaint = kind == ReturnedMails.Return.complaint
            guard returns[mail.message.id] == nil || isComplaint else { continue }
            returns[mail.message.id] = ReturnedMails.Return(mail: mail, failure: failure, words: returned.words)
        }
        return Array(returns.values)
    }

    /// What it says of addresses.
    var faults: [FailedAddresses.Fault] {
        all.compactMap { returned, mail in
            guard mail.message.channel == .email, let address = mail.address, !address.isEmpty,
                let verdict = returned.kind.verdict
            else { return nil }
            return FailedAddresses.Fault(
                contact: mail.message.contact, message: mail.message.id, address: address, verdict: verdict,
                words: returned.words.isEmpty ? returned.status : returned.words)
        }
    }

    /// What stops senders: of the reports that are news those that name what holds for all of their mails. That one receiver's
    /// policy wants nothing of it stops nobody.
    func pauses(
        among news: Set<UniqueID>, _ definitions: DefinitionsCache, at now: Timestamp, in session: PostgresSession
    ) throws -> [SenderPauses.Pause] {
        try all.compactMap { returned, mail in
            guard case .failed(_, blamesSender: true) = returned.kind, news.contains(mail.message.id),
                let sender = try sender(of: mail.message, definitions, in: session)
            else { return nil }
            return SenderPauses.Pause(
                sender: sender, at: now, status: returned.status, reply: returned.words, message: mail.message.id)
        }
    }

    /// Nil where this build cannot read the definitions that it was sent by.
    private func sender(
        of message: Message, _ definitions: DefinitionsCache, in session: PostgresSession
    ) throws -> SenderPauses.Sender? {
        do {
            let workspace = try definitions.workspace(
                message.contact.workspace, revision: message.revision, in: session)
            return SenderPauses.Sender(of: message, in: workspace)
        } catch  where error is DefinitionsError || error is StoreError {
            return nil
        }
    }

    /// A fault of the sender's is no bounce of the contact's.
    func events(among news: Set<UniqueID>, now: Timestamp) -> [AcceptedEvent] {
        var told: Set<String> = []
        return all.compactMap { returned, mail in
            let (message, isNews) = (mail.message, news.contains(mail.message.id))
            guard message.channel == .email, let name = returned.kind.event,
                isNews || returned.kind == .autoReply
            else { return nil }
            let failure = returned.kind.failure.map { Claims.Failure(kind: $0, status: returned.status) }
            var event = OutcomeEvents.event(
                message, name, now: now, detail: returned.words.isEmpty ? nil : returned.words, failure)
            // Applied again, it is the same.
            if !isNews { event.sentTime = nil }
            return told.insert(event.eventID).inserted ? event : nil
        }
    }
}

extension ReturnedMail.Kind {
    /// As it stands with the message; nil for what is no failure.
    fileprivate var failure: String? {
        switch self {
        case .failed(let kind, _): kind
        case .complaint: ReturnedMails.Return.complaint
        case .delayed, .delivered, .autoReply, .unsubscribe, .unclear: nil
        }
    }

    fileprivate var verdict: FailedAddresses.Verdict? {
        switch self {
        case .failed(let kind, _): Refusal.Kind(rawValue: kind).flatMap { FailedAddresses.Verdict($0) }
        case .complaint: .complained
        case .delayed, .delivered, .autoReply, .unsubscribe, .unclear: nil
        }
    }

    fileprivate var event: String? {
        switch self {
        case .failed(Refusal.Kind.policy.rawValue, _): nil
        case .failed: EventNames.emailBounced
        case .complaint: EventNames.emailComplained
        case .autoReply: EventNames.emailAutoReplied
        case .delayed, .delivered, .unsubscribe, .unclear: nil
        }
    }
}
