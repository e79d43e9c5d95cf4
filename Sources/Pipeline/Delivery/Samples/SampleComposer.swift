public import JourneyProgram
public import Links
public import Logging
public import Mail
public import Model
import Store
public import Transit
public import Workspaces

/// Composes mails as mailers do, for people to look at: no contact's, never tracked, and none that anything is counted of.
///
/// What is signed into their links and addresses is worth as much as the secrets that it is given: with such as no service
/// knows, links lead to pages that refuse them, and what comes back is nobody's.
public struct SampleComposer: Sendable {
    private let composer: Composer

    /// - Parameters:
    ///   - publicURL: where links begin, without a slash at the end.
    ///   - keys: what signs; mails from domains whose keys are not among them go unsigned.
    ///   - clock: of signatures.
    /// - Throws: `LinkError` for secrets that are of no use.
    public init(publicURL: String, secrets: [LinkSecret], keys: DKIMKeyRing, clock: MachineClock, logger: Logger) throws
    {
        composer = Composer(
            publicURL: publicURL, links: try LinkSigner(secrets: secrets), tokens: try MailTokens(secrets: secrets),
            signatures: Signatures(keys: keys, clock: clock, logger: logger))
    }

    /// One e-mail of a workspace, for a contact with such attributes.
    ///
    /// - Parameters:
    ///   - address: whom it is to.
    ///   - event: what `event.properties` are.
    ///   - content: what is chosen of it; nil: what whoever fits no condition reads.
    ///   - id: the message's.
    ///   - isTest: whether its subject and its `Feedback-ID` say that it is a trial.
    /// - Throws: as composing does; see `Composer`.
    public func letter(
        _ email: EmailDefinition, in workspace: Workspace, for attributes: [String: JSON], to address: String,
        event: JSON = .object([:]), content: ContentChoice? = nil, id: UniqueID, at date: Timestamp,
        isTest: Bool = false
    ) throws -> SampleLetter {
        let contact = ContactKey(
            workspace: WorkspaceID(rawValue: 0), contact: UniqueID.derived("loods.sample", "\(id)"))
        let topic: String? = if case .topic(let name) = email.ground { name } else { nil }
        var message = Message(
            contact: contact, id: id, run: id, journey: isTest ? "test" : "preflight", step: email.name, visit: 1,
            revision: 0, template: email.name, topic: topic, plannedAt: date)
        message.content = content?.json
        let cleared = ClaimDesk.Cleared(
            claimed: Claims.Claimed(message: message, attempt: 1, epoch: 0), address: address, attributes: attributes,
            tracks: false, entry: ("Sample", event), workspace: workspace, domains: workspace.sendingDomains, date: date
        )
        var mail = try composer.mail(of: cleared)
        if isTest {
            mail.subject = try HeaderValue(cutting: "[Test] \(mail.subject.text)")
            mail.feedbackID = FeedbackID(
                campaign: "test", workspace: workspace.name, kind: "test", sender: mail.from.domain)
        }
        do {
            return SampleLetter(mail, try composer.letter(mail, cleared), isSigned: isSigned(mail, cleared))
        } catch is MissingKey {
            var unsigned = cleared
            unsigned.domains = SendingDomains(
                cleared.domains.all.map { SendingDomain($0.domain, bounceHost: $0.bounceHost) })
            return SampleLetter(mail, try composer.letter(mail, unsigned), isSigned: false)
        }
    }

    private func isSigned(_ mail: MailMessage, _ cleared: ClaimDesk.Cleared) -> Bool {
        cleared.domains.domain(of: mail.from.domain).map { !$0.selectors.isEmpty } ?? false
    }
}

/// A mail that was composed to be looked at.
public struct SampleLetter: Sendable {
    public let subject: String
    public let text: String
    public let html: String?
    /// Where its way out leads.
    public let unsubscribeLink: String?
    public let isSigned: Bool
    /// The envelope's addresses.
    public let from: String
    public let to: String
    /// What goes over the wire.
    public let data: [UInt8]

    init(_ mail: MailMessage, _ letter: Composer.Letter, isSigned: Bool) {
        (subject, text, html) = (mail.subject.text, mail.text, mail.html)
        unsubscribeLink = mail.listUnsubscribe?.text
        (self.isSigned, from, to, data) = (isSigned, letter.from, letter.to, letter.data)
    }
}
