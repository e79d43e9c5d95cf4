import Content
import JourneyProgram
import Links
import Mail
import Model
import Store
import Workspaces

/// Makes the mail of a cleared message: merge fields, links, headers, MIME.
struct Composer: Sendable {
    /// What the mail server is given.
    struct Letter: Sendable {
        var from: String
        var to: String
        var data: [UInt8]
    }

    let publicURL: String
    let links: LinkSigner
    let tokens: MailTokens
    let signatures: Signatures
    private let counted: CountedLinks

    init(publicURL: String, links: LinkSigner, tokens: MailTokens, signatures: Signatures) {
        self.publicURL = publicURL
        self.links = links
        self.tokens = tokens
        self.signatures = signatures
        counted = CountedLinks(signer: links)
    }

    /// - Throws: `TemplateError`, `MailError` or `LinkError`: the message cannot be made as it is defined. `MissingKey`: it
    ///   cannot be signed here.
    func letter(of cleared: ClaimDesk.Cleared) throws -> Letter {
        guard cleared.claimed.message.channel == .notify else { return try letter(mail(of: cleared), cleared) }
        guard let receiver = cleared.workspace.receiver(of: cleared.claimed.message) else {
            throw MissingTemplate(name: cleared.claimed.message.template)
        }
        return try notice(cleared, CallBody(cleared, receiver.call).text)
    }

    /// A mail to the team; an answer to it goes to the contact.
    private func notice(_ cleared: ClaimDesk.Cleared, _ text: String) throws -> Letter {
        let (message, sender) = (cleared.claimed.message, cleared.workspace.sender)
        let from = try MailAddress(sender.address, displayName: try HeaderValue(sender.name))
        let subject = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? message.step
        let contact = cleared.attributes["email"]?.string.flatMap { try? MailAddress($0) }
        let mail = try MailMessage(
            from: from, to: try MailAddress(cleared.address), replyTo: contact,
            subject: try HeaderValue(cutting: subject), date: cleared.date,
            messageID: MessageID(message.id, at: from.domain),
            text: "\(text)\n\n-- \nJourney \(message.journey), step \(message.step)\n", autoSubmitted: .generated)
        return try letter(mail, cleared)
    }

    /// Signed, and with where it comes back to.
    func letter(_ mail: MailMessage, _ cleared: ClaimDesk.Cleared) throws -> Letter {
        let domain = cleared.domains.domain(of: mail.from.domain)
        return Letter(
            from: ReturnPath(of: mail, for: cleared.claimed.message, via: domain, tokens).address, to: mail.to.address,
            data: try signatures.sign(mail.encoded(), from: domain))
    }

    /// What goes to a contact.
    func mail(of cleared: ClaimDesk.Cleared) throws -> MailMessage {
        let message = cleared.claimed.message
        guard let email = cleared.workspace.emails[message.template] else {
            throw MissingTemplate(name: message.template)
        }
        let sender = email.sender ?? cleared.workspace.sender
        let from = try MailAddress(sender.address, displayName: try HeaderValue(sender.name))
        let origin = LinkOrigin(contact: message.contact, message: message.id)
        let publicURL = linkBase(from.domain, cleared.domains)
        let content = message.content.map(ContentChoice.init)
        let topic = cleared.workspace.topic(confirmedBy: message.journey)
        let variant = email.variant(
            for: topic == nil ? cleared.attributes : cleared.attributesOfRequest, in: content?.cell)
        let ratings = try ratings(of: cleared, in: variant.template, origin, at: publicURL)
        let language = cleared.attributes["locale"]?.string.flatMap { LanguageTag(saidBy: $0) } ?? variant.language
        let unsubscribe = try message.topic.map { topic in
            let token = try links.sign(.unsubscribe(origin, topic: topic))
            return "\(publicURL)/u/\(token)" + (language.map { "?l=\($0)" } ?? "")
        }
        let preferences =
            try "\(publicURL)/preferences/"
            + links.sign(.preferences(origin, language: language?.description ?? ""))
        var values = values(
            cleared, in: variant.language, unsubscribe: unsubscribe, preferences: preferences, ratings)
        if let topic {
            let token = try links.sign(
                .confirm(origin, topic: topic.name, language: variant.language?.description ?? ""))
            values["links"] = .object(["confirm": .string("\(publicURL)/confirm/\(token)")])
            values["confirmation"] = .object(cleared.confirmation(of: topic, in: variant.language))
        }
        // Nobody is tracked or counted who has yet to say that the address is theirs.
        let reader = topic == nil ? MailReader(of: cleared) : .unseen
        let live = LiveInserts(email, of: cleared, to: reader, in: variant.language, at: publicURL)
        var rendered = try variant.template.render(
            values, choices: content?.blocks ?? [:], inserts: try live.signed(by: links))
        if let preheader = try variant.preheader?.render(values) {
            rendered.html = rendered.html.map { Preheader.put(preheader, into: $0) }
        }
        let ways = [unsubscribe, preferences]
        switch reader {
        case .known(let origin): try track(&rendered, origin, keeping: ways, at: publicURL)
        case .counted(let mail):
            try count(&rendered, mail, in: message.contact.workspace, keeping: ways, at: publicURL)
        case .unseen: break
        }
        var mail = try MailMessage(
            from: from, to: try MailAddress(cleared.address),
            replyTo: try cleared.workspace.replyTo.map { try MailAddress($0) },
            subject: try HeaderValue(cutting: rendered.subject), date: cleared.date,
            messageID: MessageID(message.id, at: from.domain), text: rendered.text, html: rendered.html,
            listUnsubscribe: try unsubscribe.map { try HeaderURL($0) },
            listID: try message.topic.map { try ListID(topic: $0, at: from.domain) },
            feedbackID: FeedbackID(
                campaign: message.journey, workspace: cleared.workspace.name, kind: message.topic ?? "transactional",
                sender: from.domain),
            autoSubmitted: .generated, language: variant.language)
        (mail.images, mail.attachments) = (email.images, email.attachments)
        if message.topic != nil, let host = cleared.domains.domain(of: from.domain)?.bounceHost {
            mail.unsubscribeAddress = try MailAddress(
                localPart: tokens.localPart(for: MessageMark(message), .unsubscribe), domain: host)
        }
        return mail
    }

    /// Where links of mails from a domain begin.
    private func linkBase(_ sender: MailDomain, _ domains: SendingDomains) -> String {
        domains.domain(of: sender)?.trackingHost.map { "https://\($0.name)" } ?? publicURL
    }

    /// `links.ratings.NAME.VALUE` for the ratings that the template asks for.
    private func ratings(
        of cleared: ClaimDesk.Cleared, in template: EmailTemplate, _ origin: LinkOrigin, at publicURL: String
    ) throws -> [String: JSON] {
        let fields = template.mergeFields.filter { $0.hasPrefix("links.ratings.") }
        guard !fields.isEmpty else { return [:] }
        var ratings: [String: JSON] = [:]
        for rating in cleared.workspace.ratings
        where fields.contains(where: { $0.hasPrefix("links.ratings.\(rating.name).") }) {
            var values: [String: JSON] = [:]
            for value in rating.range {
                let token = try links.sign(.rating(origin, rating: rating.name, value: Int32(value)))
                values["\(value)"] = .string("\(publicURL)/r/\(token)")
            }
            ratings[rating.name] = .object(values)
        }
        return ratings
    }

    private func values(
        _ cleared: ClaimDesk.Cleared, in language: LanguageTag?, unsubscribe: String?, preferences: String,
        _ ratings: [String: JSON]
    ) -> [String: JSON] {
        var links: [String: JSON] = ["ratings": .object(ratings), "preferences": .string(preferences)]
        if let unsubscribe { links["unsubscribe"] = .string(unsubscribe) }
        var event: [String: JSON] = [:]
        if let entry = cleared.entry { event = ["name": .string(entry.name), "properties": entry.properties] }
        return [
            "contact": .object(cleared.attributes), "event": .object(event), "links": .object(links),
            "message": .object([
                "id": .string(cleared.claimed.message.id.description), "language": .string(language?.description ?? ""),
            ]),
            "workspace": .object([
                "name": .string(cleared.workspace.name), "sender": .string(cleared.workspace.sender.name),
                "address": .string(cleared.workspace.postalAddress),
            ]),
        ]
    }

    /// Only for contacts who consented to it.
    private func track(
        _ email: inout RenderedEmail, _ origin: LinkOrigin, keeping ways: [String?], at publicURL: String
    ) throws {
        let links = links
        rewrite(&email, keeping: ways, at: publicURL) { url in
            // A link that cannot be signed still leads where it should.
            guard let token = try? links.sign(.click(origin, destination: url)) else { return url }
            return "\(publicURL)/c/\(token)"
        }
        let pixel = "\(publicURL)/o/" + (try links.sign(.open(origin)))
        email.html = email.html.map { LinkRewriter.appendingPixel(pixel, to: $0) }
    }

    /// For the others: by links that say nothing of who reads.
    private func count(
        _ email: inout RenderedEmail, _ mail: CountedMail, in workspace: WorkspaceID, keeping ways: [String?],
        at publicURL: String
    ) throws {
        let page = try counted.page(of: mail, in: workspace, at: publicURL)
        rewrite(&email, keeping: ways, at: publicURL) { page.link(to: $0) }
        email.html = email.html.map { LinkRewriter.appendingPixel(page.pixel, to: $0) }
    }

    private func rewrite(
        _ email: inout RenderedEmail, keeping ways: [String?], at publicURL: String,
        _ link: @escaping @Sendable (_ destination: String) -> String
    ) {
        let rewriter = LinkRewriter(keeping: Set(ways.compactMap { $0 })) { url in
            // A rating says more than that a link was followed, and a live link counts by itself.
            if ["r", "l"].contains(where: { url.hasPrefix("\(publicURL)/\($0)/") }) { return url }
            return link(url)
        }
        email.text = rewriter.text(email.text)
        email.html = email.html.map { rewriter.html($0) }
    }
}

extension ClaimDesk.Cleared {
    /// What is known of the contact, with the language in which they asked.
    fileprivate var attributesOfRequest: [String: JSON] {
        guard let language = entry?.properties["language"] else { return attributes }
        return attributes.merging(["locale": language]) { $1 }
    }

    /// What is to be confirmed, in the words in which it was asked.
    fileprivate func confirmation(of topic: Topic, in language: LanguageTag?) -> [String: JSON] {
        let said = entry?.properties["wording"]?.string ?? topic.wording(in: language?.description)?.text
        return ["topic": .string(topic.name), "wording": .string(said ?? topic.wording)]
    }
}

/// A message whose template is not in the revision it was planned with.
struct MissingTemplate: Error, CustomStringConvertible {
    var name: String
    var description: String { "the template \"\(name)\" is missing" }
}
