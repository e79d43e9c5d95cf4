/// A server's answer (RFC 5321, section 4.2).
public struct SMTPReply: Sendable, Hashable {
    /// 200 to 599.
    public let code: Int
    /// The finer code (RFC 3463) where the server gives one.
    public let enhancedCode: EnhancedStatusCode?
    /// What the server says to people: one line without control characters, at most 500 bytes. It may hold addresses.
    public let text: String
    /// The texts of the lines, as capabilities need them.
    let lines: [String]

    private static let textLimit = 500

    /// `lines` are the texts after the code and its separator, possibly hostile.
    init(code: Int, lines: [String]) {
        self.code = code
        self.lines = lines
        enhancedCode = lines.first.flatMap { EnhancedStatusCode(prefixOf: $0, replyCode: code) }
        text = Self.bounded(lines.joined(separator: " "))
    }

    public var isPositive: Bool { (200..<300).contains(code) }
    public var isTransientRefusal: Bool { (400..<500).contains(code) }
    public var isPermanentRefusal: Bool { (500..<600).contains(code) }
    /// The server gives up the connection (RFC 5321, section 3.8).
    public var closesConnection: Bool { code == 421 }

    /// The text with whatever looks like an address left out, safe to log.
    public var loggableText: String {
        text.split(separator: " ").map { $0.contains("@") ? "<address>" : $0 }.joined(separator: " ")
    }

    private static func bounded(_ text: String) -> String {
        var output = ""
        var length = 0
        for scalar in text.unicodeScalars {
            let isControl = scalar.properties.generalCategory == .control || [0x2028, 0x2029].contains(scalar.value)
            let kept = isControl ? " " : scalar
            length += UTF8.width(kept)
            guard length <= textLimit else { break }
            output.unicodeScalars.append(kept)
        }
        return output
    }
}

/// `class.subject.detail` (RFC 3463).
public struct EnhancedStatusCode: Sendable, Hashable, CustomStringConvertible {
    public let category: Int
    public let subject: Int
    public let detail: Int

    public init(_ category: Int, _ subject: Int, _ detail: Int) {
        self.category = category
        self.subject = subject
        self.detail = detail
    }

    /// The code with which `text` begins, if there is one that agrees with the reply's own (RFC 2034, section 4).
    init?(prefixOf text: String, replyCode: Int) {
        let parts = text.prefix { $0 != " " }.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ (1...3).contains($0.utf8.count) && $0.allSatisfy(\.isASCIIDigit) }),
            let category = Int(parts[0]), let subject = Int(parts[1]), let detail = Int(parts[2]),
            category == replyCode / 100
        else { return nil }
        self.init(category, subject, detail)
    }

    public var description: String { "\(category).\(subject).\(detail)" }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}
