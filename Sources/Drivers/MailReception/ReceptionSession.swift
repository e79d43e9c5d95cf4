/// An SMTP session from the receiving side (RFC 5321), as a value: command lines go in, replies come out.
///
/// It takes mail for recipients that `accepts` knows, and for nobody else: it passes nothing on, looks nobody up, and sends
/// nothing back.
struct ReceptionSession {
    enum Answer: Equatable {
        case reply(String)
        /// Reply, then read a mail.
        case readMail(String)
        case replyAndClose(String)
        /// Reply, then speak TLS, and call ``secured()``.
        case replyAndSecure(String)
    }

    private let name: String
    private let limits: ReceptionLimits
    private let accepts: @Sendable (String) -> Bool
    private let offersTLS: Bool
    private var isSecure = false
    private var hasGreeted = false
    private var from: String?
    private(set) var recipients: [String] = []
    private var faults = 0
    private var mails = 0

    init(
        name: String, limits: ReceptionLimits, offersTLS: Bool = false, accepts: @escaping @Sendable (String) -> Bool
    ) {
        self.offersTLS = offersTLS
        self.name = name
        self.limits = limits
        self.accepts = accepts
    }

    var greeting: String { "220 \(name) ESMTP" }

    /// Answers a command line, without its CRLF.
    mutating func answer(_ line: String) -> Answer {
        let verb = line.prefix { $0 != " " && $0 != ":" }.uppercased()
        switch verb {
        case "EHLO", "HELO":
            guard line.utf8.count > 5 else { return fault("501 5.5.4 say who you are") }
            hasGreeted = true
            forget()
            return .reply(verb == "HELO" ? "250 \(name)" : capabilities)
        case "MAIL": return mail(line)
        case "RCPT": return recipient(line)
        case "DATA": return data()
        case "RSET":
            forget()
            return .reply("250 2.0.0 forgotten")
        case "STARTTLS" where offersTLS: return startTLS(line)
        case "NOOP": return .reply("250 2.0.0 fine")
        case "QUIT": return .replyAndClose("221 2.0.0 bye")
        case "VRFY", "EXPN": return fault("502 5.5.1 nobody is told who there is")
        default: return fault("500 5.5.2 unknown command")
        }
    }

    /// The mail is in: its envelope, and a new start.
    mutating func takeEnvelope() -> (from: String, recipients: [String]) {
        defer { forget() }
        mails += 1
        return (from ?? "", recipients)
    }

    /// TLS is spoken from now on: nothing that was said before counts (RFC 3207, section 4.2).
    mutating func secured() {
        (isSecure, hasGreeted) = (true, false)
        forget()
    }

    private mutating func startTLS(_ line: String) -> Answer {
        guard !isSecure else { return fault("503 5.5.1 it is TLS already") }
        guard line.utf8.count == "STARTTLS".utf8.count else { return fault("501 5.5.4 no parameters") }
        return .replyAndSecure("220 2.0.0 go ahead")
    }

    private var capabilities: String {
        let tls = offersTLS && !isSecure ? ["STARTTLS"] : []
        let lines = [name, "PIPELINING", "SIZE \(limits.mailBytes)", "8BITMIME"] + tls
        return (lines.map { "250-\($0)" } + ["250 ENHANCEDSTATUSCODES"]).joined(separator: "\r\n")
    }

    private mutating func forget() { (from, recipients) = (nil, []) }

    /// Whoever goes on in spite of everything is left.
    private mutating func fault(_ text: String) -> Answer {
        faults += 1
        return faults > limits.faults ? .replyAndClose("421 4.7.0 too many faults") : .reply(text)
    }

    private mutating func mail(_ line: String) -> Answer {
        guard hasGreeted, from == nil else { return fault("503 5.5.1 not now") }
        guard mails < limits.mails else { return .replyAndClose("421 4.7.0 enough for one connection") }
        guard let (path, parameters) = Self.path(in: line, after: "MAIL FROM:") else {
            return fault("501 5.5.4 MAIL FROM:<address>")
        }
        for parameter in parameters where parameter.uppercased().hasPrefix("SIZE=") {
            guard let size = Int(parameter.dropFirst(5)), size <= limits.mailBytes else {
                return fault("552 5.3.4 too large")
            }
        }
        from = path
        return .reply("250 2.1.0 ok")
    }

    private mutating func recipient(_ line: String) -> Answer {
        guard from != nil else { return fault("503 5.5.1 MAIL first") }
        guard let (path, _) = Self.path(in: line, after: "RCPT TO:"), !path.isEmpty else {
            return fault("501 5.5.4 RCPT TO:<address>")
        }
        guard recipients.count < limits.recipients else { return fault("452 4.5.3 too many recipients") }
        guard accepts(path) else { return fault("550 5.1.1 no such address here") }
        recipients.append(path)
        return .reply("250 2.1.5 ok")
    }

    private mutating func data() -> Answer {
        guard from != nil else { return fault("503 5.5.1 MAIL first") }
        guard !recipients.isEmpty else { return fault("554 5.5.1 no valid recipients") }
        return .readMail("354 end with CRLF.CRLF")
    }

    /// The path in angle brackets after `prefix`, and the parameters after it.
    private static func path(in line: String, after prefix: String) -> (String, [Substring])? {
        guard line.prefix(prefix.count).uppercased() == prefix else { return nil }
        let rest = line.dropFirst(prefix.count).drop { $0 == " " }
        guard rest.first == "<", let end = rest.firstIndex(of: ">") else { return nil }
        let path = rest[rest.index(after: rest.startIndex)..<end]
        guard path.utf8.count <= 254, path.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "<") })
        else { return nil }
        return (String(path), rest[rest.index(after: end)...].split(separator: " "))
    }
}
