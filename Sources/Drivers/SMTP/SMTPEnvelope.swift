/// Who a mail is from and to, on the envelope. One recipient a mail, so that bounces and answers tell whose they are.
public struct SMTPEnvelope: Sendable, Hashable {
    /// Where bounces go; empty for a mail that none may answer.
    public let from: String
    public let to: String

    /// Throws `invalidArgument` on an address that could not stand in a command: over 254 bytes, not printable ASCII,
    /// or with a space, an angle bracket, a quote or a backslash.
    public init(from: String, to: String) throws(SMTPError) {
        guard from.isEmpty || SMTPArgument.isPath(from) else {
            throw SMTPError(.invalidArgument, .mail, cause: "the sender's address")
        }
        guard SMTPArgument.isPath(to) else {
            throw SMTPError(.invalidArgument, .recipient, cause: "the recipient's address")
        }
        self.from = from
        self.to = to
    }
}

/// What may stand in a command. Everything that enters one has passed here.
enum SMTPArgument {
    /// `local-part@domain` without anything that could end the path, or the line (RFC 5321, section 4.1.2, narrowed).
    static func isPath(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        return text.utf8.count <= 254 && parts.count == 2 && parts.allSatisfy { !$0.isEmpty }
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"<>\"\\".utf8.contains($0) }
    }

    /// A domain, or an address literal in brackets.
    static func isHostName(_ text: String) -> Bool {
        (1...255).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "-.[]:".utf8.contains(byte)
                }
            }
    }

    static func hasNull(_ text: String) -> Bool { text.utf8.contains(0) }
}
