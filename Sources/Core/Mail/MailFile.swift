/// A file that goes with a mail: attached, or an image that its HTML shows.
public struct MailFile: Sendable, Hashable {
    /// As readers see it.
    public let name: HeaderValue
    /// As MIME has it.
    public let type: String
    /// In base64, in lines of 76 bytes with their ends: made once, for all mails that carry it.
    let encoded: [UInt8]

    private static let types = [
        "csv": "text/csv", "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "gif": "image/gif", "ics": "text/calendar", "jpeg": "image/jpeg", "jpg": "image/jpeg",
        "json": "application/json",
        "pdf": "application/pdf", "png": "image/png", "txt": "text/plain", "webp": "image/webp",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "zip": "application/zip",
    ]

    /// Takes a file by its name, whose ending tells the type, and its content in base64. Throws `controlCharacter` or
    /// `tooLong` for the name, `malformedFile` where the content is no base64.
    public init(name: String, base64: String) throws(MailError) {
        guard let bytes = Base64.decode(base64.utf8) else {
            throw MailError(.malformedFile, "the content of a file is not base64")
        }
        self.name = try HeaderValue(name)
        let ending = name.split(separator: ".").last?.lowercased() ?? ""
        type = Self.types[ending] ?? "application/octet-stream"
        encoded = Self.lines(Base64.encode(bytes))
    }

    /// Bytes, roughly: base64 has four for three, and ends of lines.
    public var size: Int { encoded.count * 3 / 4 }

    /// For a page that holds it itself (RFC 2397).
    public var dataURL: String {
        "data:\(type);base64," + String(decoding: encoded.filter { $0 > 0x20 }, as: UTF8.self)
    }

    /// Whether mail programs show it within a text.
    public var isImage: Bool { type.hasPrefix("image/") }

    private static func lines(_ text: [UInt8]) -> [UInt8] {
        var lines: [UInt8] = []
        lines.reserveCapacity(text.count + text.count / 38 + 2)
        for start in stride(from: 0, to: text.count, by: 76) {
            lines += text[start..<min(start + 76, text.count)]
            lines += [ASCII.carriageReturn, ASCII.lineFeed]
        }
        return lines
    }
}
