/// An SMTP session from the server's side, as a value: command lines and messages go in, replies come out.
struct CatcherSession {
    enum Answer: Equatable {
        case reply(String)
        /// Reply, then read a message up to CRLF.CRLF.
        case readMessage(String)
        case replyAndClose(String)
    }

    struct Envelope: Equatable {
        var from = ""
        var recipients: [String] = []
    }

    static let sizeLimit = 50 * 1024 * 1024
    static let greeting = "220 catcher ESMTP"
    private static let recipientLimit = 1000

    private var hasGreeted = false
    private(set) var envelope: Envelope?

    /// Answers a command line, without its CRLF.
    mutating func answer(_ line: String) -> Answer {
        let verb = line.prefix { $0 != " " && $0 != ":" }.uppercased()
        switch verb {
        case "EHLO", "HELO":
            hasGreeted = true
            envelope = nil
            return .reply(verb == "HELO" ? "250 catcher" : Self.capabilities)
        case "MAIL": return mail(line)
        case "RCPT": return recipient(line)
        case "DATA": return data()
        case "RSET":
            envelope = nil
            return .reply("250 2.0.0 forgotten")
        case "NOOP": return .reply("250 2.0.0 fine")
        case "QUIT": return .replyAndClose("221 2.0.0 bye")
        case "VRFY": return .reply("252 2.1.5 send and see")
        default: return .reply("500 5.5.2 unknown command")
        }
    }

    /// The message is in: its envelope, and a new start.
    mutating func takeEnvelope() -> Envelope {
        defer { envelope = nil }
        return envelope ?? Envelope()
    }

    private static let capabilities = [
        "250-catcher", "250-PIPELINING", "250-SIZE \(sizeLimit)", "250-8BITMIME", "250 ENHANCEDSTATUSCODES",
    ].joined(separator: "\r\n")

    private mutating func mail(_ line: String) -> Answer {
        guard hasGreeted, envelope == nil else { return .reply("503 5.5.1 not now") }
        guard let (path, parameters) = Self.path(in: line, after: "MAIL FROM:") else {
            return .reply("501 5.5.4 MAIL FROM:<address>")
        }
        for parameter in parameters where parameter.uppercased().hasPrefix("SIZE=") {
            guard let size = Int(parameter.dropFirst(5)), size <= Self.sizeLimit else {
                return .reply("552 5.3.4 too large")
            }
        }
        envelope = Envelope(from: path)
        return .reply("250 2.1.0 ok")
    }

    private mutating func recipient(_ line: String) -> Answer {
        guard let envelope else { return .reply("503 5.5.1 MAIL first") }
        guard let (path, _) = Self.path(in: line, after: "RCPT TO:"), !path.isEmpty else {
            return .reply("501 5.5.4 RCPT TO:<address>")
        }
        guard envelope.recipients.count < Self.recipientLimit else { return .reply("452 4.5.3 too many recipients") }
        if case .refuseRecipient(let code) = Misbehaviour(recipient: path) { return .reply(Misbehaviour.reply(code)) }
        self.envelope?.recipients.append(path)
        return .reply("250 2.1.5 ok")
    }

    private func data() -> Answer {
        guard let envelope else { return .reply("503 5.5.1 MAIL first") }
        guard !envelope.recipients.isEmpty else { return .reply("554 5.5.1 no valid recipients") }
        return .readMessage("354 end with CRLF.CRLF")
    }

    /// The path in angle brackets after `prefix`, and the parameters after it.
    private static func path(in line: String, after prefix: String) -> (String, [Substring])? {
        guard line.uppercased().hasPrefix(prefix) else { return nil }
        let rest = line.dropFirst(prefix.count).drop { $0 == " " }
        guard rest.first == "<", let end = rest.firstIndex(of: ">") else { return nil }
        let path = rest[rest.index(after: rest.startIndex)..<end]
        guard !path.contains(where: { $0 == " " || $0 == "<" }) else { return nil }
        return (String(path), rest[rest.index(after: end)...].split(separator: " "))
    }
}
