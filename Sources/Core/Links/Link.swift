public import Model

/// What a link in a mail may do; each purpose signs with a key of its own.
public enum LinkPurpose: String, Sendable, CaseIterable {
    case open
    case click
    case unsubscribe
    case rating
    case download
    case siteMessage = "site-message"
    case liveImage = "live-image"
    case liveLink = "live-link"
    case confirm
    case preferences
    case countedOpen = "counted-open"
    case countedClick = "counted-click"
    case countedLive = "counted-live"
}

/// The message that a link stands in, and its contact.
public struct LinkOrigin: Sendable, Hashable {
    public var contact: ContactKey
    public var message: UniqueID

    public init(contact: ContactKey, message: UniqueID) {
        self.contact = contact
        self.message = message
    }
}

/// A link as a mail carries it: all that it says stands in the signed token, and no address does.
public enum Link: Sendable, Hashable {
    /// The open pixel.
    case open(LinkOrigin)
    /// A click that leads to `destination`, an absolute `http` or `https` URL in ASCII.
    case click(LinkOrigin, destination: String)
    /// Withdraws consent to `topic`.
    case unsubscribe(LinkOrigin, topic: String)
    /// Answers the question `rating` with `value`.
    case rating(LinkOrigin, rating: String, value: Int32)
    /// Gives the gated `content` until an instant of machine time. The origin's message is what it was given for: a form's
    /// submission.
    case download(LinkOrigin, content: String, expiresAt: Timestamp)
    /// Tells that a site message was shown, or clicked: which journey's and step's (`JOURNEY/STEP`), planned at an instant.
    case siteMessage(LinkOrigin, step: String, plannedAt: Timestamp)
    /// Confirms consent to `topic`, on a page in `language`: a tag such as `nl`, or nothing.
    case confirm(LinkOrigin, topic: String, language: String)
    /// The page of what the contact has consented to, in `language`.
    case preferences(LinkOrigin, language: String)

    /// Shows the image of a block that is chosen when the mail is opened. Whoever opens is not in it: the origin's contact
    /// and message are ``LinkOrigin/nobody(in:)``'s.
    case liveImage(LinkOrigin, LiveContent)
    /// Leads where such a block does. The origin is the reader's, who consented to being known by their clicks; or nobody's,
    /// where nothing is counted.
    case liveLink(LinkOrigin, LiveContent)

    /// The open pixel of whoever has not consented to being known by it: it is the same for all readers of a step's mail, and
    /// the origin's contact and message are ``LinkOrigin/nobody(in:)``'s.
    case countedOpen(LinkOrigin, CountedMail)
    /// The same of a click that leads to `destination`: whoever is led to one place has one link.
    case countedClick(LinkOrigin, CountedMail, destination: String)
    /// The same of a click that leads where a block does that is chosen when the mail is opened.
    case countedLive(LinkOrigin, CountedMail, LiveContent)

    public var purpose: LinkPurpose {
        switch self {
        case .open: .open
        case .click: .click
        case .unsubscribe: .unsubscribe
        case .rating: .rating
        case .download: .download
        case .siteMessage: .siteMessage
        case .liveImage: .liveImage
        case .liveLink: .liveLink
        case .confirm: .confirm
        case .preferences: .preferences
        case .countedOpen: .countedOpen
        case .countedClick: .countedClick
        case .countedLive: .countedLive
        }
    }

    public var origin: LinkOrigin {
        switch self {
        case .open(let origin), .click(let origin, _), .unsubscribe(let origin, _), .rating(let origin, _, _),
            .download(let origin, _, _), .siteMessage(let origin, _, _), .liveImage(let origin, _),
            .liveLink(let origin, _), .confirm(let origin, _, _), .preferences(let origin, _),
            .countedOpen(let origin, _), .countedClick(let origin, _, _), .countedLive(let origin, _, _):
            origin
        }
    }
}

extension Link {
    /// Workspace (4 bytes), contact and message (16 each), big-endian; then the destination, the topic, or a
    /// number and a name, in UTF-8.
    var payload: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(bigEndian: UInt32(bitPattern: origin.contact.workspace.rawValue))
        for word in [origin.contact.contact, origin.message].flatMap({ [$0.high, $0.low] }) {
            bytes.append(bigEndian: word)
        }
        switch self {
        case .open: break
        case .click(_, let destination): bytes += Array(destination.utf8)
        case .unsubscribe(_, let topic): bytes += Array(topic.utf8)
        case .confirm(_, let topic, let language): bytes += Array("\(language) \(topic)".utf8)
        case .preferences(_, let language): bytes += Array(language.utf8)
        case .rating(_, let rating, let value): bytes += Array("\(value) \(rating)".utf8)
        case .liveImage(_, let content), .liveLink(_, let content): bytes += Array(content.text.utf8)
        case .countedOpen(_, let mail): bytes += Array(mail.text.utf8)
        case .countedClick(_, let mail, let destination): bytes += Array("\(mail.text) \(destination)".utf8)
        case .countedLive(_, let mail, let content): bytes += Array("\(mail.text) \(content.text)".utf8)
        case .siteMessage(_, let step, let plannedAt): bytes += Array("\(plannedAt.microseconds) \(step)".utf8)
        case .download(_, let content, let expiresAt): bytes += Array("\(expiresAt.microseconds) \(content)".utf8)
        }
        return bytes
    }

    init(payload: [UInt8], purpose: LinkPurpose) throws(LinkError) {
        guard payload.count >= 36, let text = String(validating: payload[36...], as: UTF8.self) else {
            throw .malformed
        }
        let words = stride(from: 4, to: 36, by: 8).map { start in
            payload[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) }
        }
        let workspace = payload[..<4].reduce(0) { $0 << 8 | UInt32($1) }
        let origin = LinkOrigin(
            contact: ContactKey(
                workspace: WorkspaceID(rawValue: Int32(bitPattern: workspace)),
                contact: UniqueID(high: words[0], low: words[1])),
            message: UniqueID(high: words[2], low: words[3]))
        switch purpose {
        case .open:
            guard text.isEmpty else { throw .malformed }
            self = .open(origin)
        case .click:
            guard Destination.isAllowed(text) else { throw .destination }
            self = .click(origin, destination: text)
        case .unsubscribe:
            guard !text.isEmpty else { throw .malformed }
            self = .unsubscribe(origin, topic: text)
        case .confirm:
            let parts = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[1].isEmpty else { throw .malformed }
            self = .confirm(origin, topic: String(parts[1]), language: String(parts[0]))
        case .preferences: self = .preferences(origin, language: text)
        case .rating:
            let (value, name) = try Self.numbered(text, as: Int32.self)
            self = .rating(origin, rating: name, value: value)
        case .download:
            let (instant, name) = try Self.numbered(text, as: Int64.self)
            self = .download(origin, content: name, expiresAt: Timestamp(microseconds: instant))
        case .siteMessage:
            let (instant, name) = try Self.numbered(text, as: Int64.self)
            self = .siteMessage(origin, step: name, plannedAt: Timestamp(microseconds: instant))
        case .liveImage: self = .liveImage(origin, try LiveContent(text: text))
        case .liveLink: self = .liveLink(origin, try LiveContent(text: text))
        case .countedOpen: self = .countedOpen(origin, try CountedMail(text: text[...]))
        case .countedClick:
            guard let space = text.lastIndex(of: " ") else { throw .malformed }
            let destination = String(text[text.index(after: space)...])
            guard Destination.isAllowed(destination) else { throw .destination }
            self = .countedClick(origin, try CountedMail(text: text[..<space]), destination: destination)
        case .countedLive:
            let parts = text.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
            guard parts.count == 4 else { throw .malformed }
            let mail = try CountedMail(text: text[..<parts[2].endIndex])
            self = .countedLive(origin, mail, try LiveContent(text: String(parts[3])))
        }
    }

    /// `5 support` as its number, in its one form, and its name.
    private static func numbered<Number: FixedWidthInteger>(
        _ text: String, as type: Number.Type
    ) throws(LinkError) -> (Number, String) {
        let parts = text.utf8.split(separator: UInt8(ascii: " "), maxSplits: 1, omittingEmptySubsequences: false)
            .map { String(Substring($0)) }
        guard parts.count == 2, let number = Number(parts[0]), parts[0] == "\(number)", !parts[1].isEmpty else {
            throw .malformed
        }
        return (number, parts[1])
    }
}

extension [UInt8] {
    fileprivate mutating func append(bigEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}
