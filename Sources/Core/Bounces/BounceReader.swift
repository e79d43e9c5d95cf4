/// Reads what a mail says of mails that were sent, whoever wrote it: reports by RFC 3464 and RFC 5965, the free text of
/// servers that know of neither, notices of providers, answers of people who are away (RFC 3834).
///
/// Nothing of it is proven: anybody may write such a mail. That it is about one of ours is for whoever knows its ids.
public enum BounceReader {
    /// Looks at the first MiB of a mail, which may be cut off anywhere.
    ///
    /// - Returns: one for each recipient that it names; at least one, whose class is `.none` where the mail reports nothing.
    public static func read(_ mail: some Collection<UInt8>) -> [Bounce] {
        let returned = ReturnedMail(ForeignMail(mail))
        let found =
            returned.complaints ?? returned.notice ?? returned.automaticReply.map { [$0] } ?? returned.reported
            ?? returned.told
        return found.isEmpty ? [Bounce(class: .none)] : found
    }

    /// From and to whom a mail was sent, as servers note it in its header.
    ///
    /// - Returns: every address that it may have been sent to; and whether it has a sender who may be answered, which reports
    ///   have not (RFC 5321, section 4.5.5).
    public static func envelope(of mail: some Collection<UInt8>) -> (recipients: [String], hasSender: Bool) {
        let header = ForeignMail(mail).header
        let recipients = header.addresses(
            "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-rcpt-to", "to", "cc")
        return (recipients.unique, header["return-path"]?.filter { $0 != " " } != "<>")
    }
}

extension [Bounce] {
    /// Of what a mail says of several the one that matters, where it was sent for one: a complaint before a failure, that
    /// before the rest.
    public var telling: Bounce {
        let order: [[Bounce.Class]] = [
            [.complaint], [.invalid, .mailbox, .policy, .content, .transient], [.autoReply], [.delivered], [.none],
        ]
        return order.lazy.compactMap { classes in first { classes.contains($0.class) } }.first ?? Bounce(class: .none)
    }
}

/// A mail that came back, with what all ways to read it have in common.
struct ReturnedMail {
    let mail: ForeignMail
    /// What its writer says, without the copy of the mail that it is about.
    let words: ByteText
    /// That copy, as far as it stands in the text.
    let copy: ByteText
    /// Whether it is about a mail whose header it holds.
    let hasOriginal: Bool
    /// To whom that mail went.
    let originalRecipients: [String]
    /// From whom that mail came, in lower case.
    let originalSenders: Set<String>
    /// Who cannot be the one that was not reached: who wrote either mail.
    let senders: Set<String>
    /// Whom else the mail went to, or by way of.
    private let addressees: Set<String>

    static let wordsLimit = 300
    /// More than one mail of ours ever had.
    static let mostRecipients = 100

    init(_ mail: ForeignMail) {
        self.mail = mail
        (words, copy) = mail.words.splitAtCopy
        let enclosed = mail.enclosedHeaders
        let originals = enclosed.isEmpty ? copy.headerWithin.map { [$0] } ?? [] : enclosed
        hasOriginal = !originals.isEmpty
        originalRecipients = originals.flatMap {
            $0.addresses("to", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "cc")
        }
        originalSenders = Set(
            originals.flatMap { $0.addresses("from", "sender", "return-path", "reply-to") }.map { $0.lowercased() })
        senders = originalSenders.union(mail.header.addresses("from", "sender", "return-path").map { $0.lowercased() })
        addressees = Set(
            mail.header.addresses(
                "to", "delivered-to", "envelope-to", "x-beenthere", "list-post", "x-original-to", "reply-to"
            ).map { $0.lowercased() })
    }

    var subject: String { mail.header["subject"] ?? "" }

    /// Who wrote it.
    var authors: [String] { mail.header.addresses("from").map { $0.lowercased() } }

    /// Whether an address is a server's, or one to or from which either mail came.
    func isOwn(_ address: String) -> Bool {
        let address = address.lowercased()
        return address.isServers || senders.contains(address) || addressees.contains(address)
    }

    /// Whether it has the form of a report (RFC 3462).
    var isReport: Bool {
        mail.type == "multipart/report" || mail.parts.contains { $0.type.hasSuffix("delivery-status") }
    }

    /// Whether a server wrote it.
    var isServers: Bool {
        let name = (mail.header["from"] ?? "").lowercased()
        return authors.contains(where: \.isServers)
            || ["mailer-daemon", "postmaster", "mail delivery", "system admin"].contains { name.contains($0) }
    }
}

extension ByteText {
    /// What stands before the copy of a mail, and that copy.
    fileprivate var splitAtCopy: (words: ByteText, copy: ByteText) {
        var place = 0
        for line in lines {
            let text = ByteText(Array(line))
            if place > 0 || !text.isBlank, Phrases.copyLines.occur(in: text) { break }
            place += line.count + 1
        }
        let end = min(place, bytes.count)
        return (self[0..<end], self[end..<bytes.count])
    }

    /// The header that begins somewhere in it, quoted or not.
    fileprivate var headerWithin: HeaderBlock? {
        let plain = lines.map { line in
            line.first == UInt8(ascii: ">") ? line.dropFirst().drop { $0 == 0x20 } : line
        }
        let start = plain.firstIndex { line in
            Self.headerNames.contains { ByteText(Array(line.prefix(16))).lower.starts(with: $0.utf8) }
        }
        guard let start else { return nil }
        return HeaderBlock(ByteText(Array(plain[start...].joined(separator: CollectionOfOne(UInt8(ascii: "\n"))))))
    }

    private static let headerNames = [
        "received:", "return-path:", "message-id:", "from:", "to:", "date:", "subject:", "x-", "mime-version:",
    ]
}
