import Crypto
public import Model

/// Signs the mails of a domain (RFC 6376), by each of its keys; `relaxed/relaxed`, the whole body, SHA-256.
///
/// What a mail must not have twice, and what a reader acts on, is signed once oftener than it is there, so that nobody can
/// add another (section 8.15). `t=` is machine time, whatever the mail's own date.
public struct DKIMSigner: Sendable {
    /// A key with its name.
    public struct Identity: Sendable {
        public let selector: DKIMSelector
        public let key: DKIMKey

        public init(_ selector: DKIMSelector, _ key: DKIMKey) {
            self.selector = selector
            self.key = key
        }
    }

    public let domain: MailDomain
    public let identities: [Identity]

    /// Each of these is in `h=`, as often as the mail has it and once more.
    static let signedFields: [StaticString] = [
        "from", "to", "subject", "date", "message-id", "reply-to", "sender", "cc", "mime-version", "content-type",
        "content-transfer-encoding", "list-unsubscribe", "list-unsubscribe-post", "list-id", "feedback-id",
        "auto-submitted",
    ]

    public init(domain: MailDomain, identities: [Identity]) {
        self.domain = domain
        self.identities = identities
    }

    /// The mail with its signatures before it, those of RSA keys first: readers that check one look at the first that they
    /// know. Throws `unusableKey` where a key fails.
    ///
    /// - Parameter mail: encoded, with line ends of CRLF alone.
    public func signed(_ mail: [UInt8], at machineNow: Timestamp) throws(MailError) -> [UInt8] {
        guard !identities.isEmpty else { return mail }
        let subject = Subject(mail)
        let order = identities.filter { $0.key.kind == .rsa } + identities.filter { $0.key.kind != .rsa }
        var output: [UInt8] = []
        output.reserveCapacity(mail.count + 1024 * order.count)
        for identity in order { output += try signature(of: subject, by: identity, at: machineNow) }
        return output + mail
    }

    /// The field `DKIM-Signature`, with its line end.
    private func signature(
        of subject: Subject, by identity: Identity, at machineNow: Timestamp
    ) throws(MailError) -> [UInt8] {
        let algorithm = "\(identity.key.kind.rawValue)-sha256"
        var field = TagList("DKIM-Signature:")
        for (tag, value) in [
            ("v", "1"), ("a", algorithm), ("c", "relaxed/relaxed"), ("d", domain.name), ("s", identity.selector.name),
            ("t", "\(machineNow.microseconds.flooredDivision(by: 1_000_000).quotient)"), ("bh", subject.bodyHash),
        ] { field.append(tag, value) }
        field.append("h", list: subject.names)
        field.begin("b")
        var signed = subject.canonicalFields
        RelaxedForm.append(field: field.bytes, to: &signed)
        let digest = Array(SHA256.hash(data: signed))
        field.finish(base64: Base64.encode(try identity.key.signature(of: digest)))
        return field.bytes
    }
}

/// What all signatures of a mail have in common.
private struct Subject {
    /// In base64.
    let bodyHash: String
    /// As `h=` lists them.
    let names: [String]
    /// In the order of the names, with their line ends.
    let canonicalFields: [UInt8]

    init(_ mail: [UInt8]) {
        self = mail.withUnsafeBufferPointer { Subject($0) }
    }

    private init(_ mail: UnsafeBufferPointer<UInt8>) {
        let header = HeaderFields(mail)
        let body = RelaxedForm.body(UnsafeBufferPointer(rebasing: mail[header.bodyStart...]))
        bodyHash = String(decoding: Base64.encode(Array(SHA256.hash(data: body))), as: UTF8.self)
        var names: [String] = []
        var fields: [UInt8] = []
        fields.reserveCapacity(header.bodyStart + 512)
        for name in DKIMSigner.signedFields {
            let found = header.named(name, in: mail)
            names += repeatElement("\(name)", count: found.count + 1)
            for range in found {
                RelaxedForm.append(field: mail[range], to: &fields)
                fields += [ASCII.carriageReturn, ASCII.lineFeed]
            }
        }
        (self.names, canonicalFields) = (names, fields)
    }
}

/// A field of `tag=value;`, folded so that lines keep to 78 bytes where a value is not longer than that (section 3.2).
private struct TagList {
    private(set) var bytes: [UInt8]
    private var column: Int
    private static let width = 78

    init(_ name: String) {
        bytes = Array(name.utf8)
        column = bytes.count
    }

    mutating func append(_ tag: String, _ value: String) { add("\(tag)=\(value);", spaced: true) }

    /// A value in parts, between which a line may end.
    mutating func append(_ tag: String, list: [String]) {
        for (index, element) in list.enumerated() {
            let isLast = index == list.count - 1
            add((index == 0 ? "\(tag)=" : "") + element + (isLast ? ";" : ":"), spaced: index == 0)
        }
    }

    /// The last tag, whose value comes once all before it is known.
    mutating func begin(_ tag: String) {
        column = Self.width
        add("\(tag)=", spaced: true)
    }

    mutating func finish(base64: [UInt8]) {
        for byte in base64 {
            if column == Self.width { fold() }
            bytes.append(byte)
            column += 1
        }
        bytes += [ASCII.carriageReturn, ASCII.lineFeed]
    }

    private mutating func add(_ text: String, spaced: Bool) {
        let length = text.utf8.count + (spaced ? 1 : 0)
        if column + length > Self.width {
            fold()
        } else if spaced {
            bytes.append(ASCII.space)
            column += 1
        }
        bytes += text.utf8
        column += text.utf8.count
    }

    private mutating func fold() {
        bytes += [ASCII.carriageReturn, ASCII.lineFeed, ASCII.space]
        column = 1
    }
}
