import Hummingbird
import NIOCore

/// The fields of a posted form, in order: `application/x-www-form-urlencoded` (the URL standard) or `multipart/form-data`
/// (RFC 7578), in UTF-8. Files are left out.
struct FormBody: Sendable, Hashable {
    /// Bytes of a body.
    static let limit = 65_536
    private static let mostFields = 200

    private(set) var fields: [Field] = []

    struct Field: Sendable, Hashable {
        var name: String
        var value: String
    }

    /// - Throws: `EdgeError.malformed`, `.unsupportedEncoding`, or `.tooLarge` for too many fields.
    init(_ bytes: [UInt8], type: String) throws(EdgeError) {
        let kind = type.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
        switch kind {
        case "application/x-www-form-urlencoded": fields = try Self.encoded(bytes)
        case "multipart/form-data": fields = try Self.parts(bytes, type)
        default:
            throw EdgeError(
                .unsupportedEncoding, "a form is application/x-www-form-urlencoded or multipart/form-data")
        }
        guard fields.count <= Self.mostFields else {
            throw EdgeError(.tooLarge, "a form has at most \(Self.mostFields) fields")
        }
    }

    func values(of name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

    private static let malformed = EdgeError(.malformed, "the body is no form in UTF-8")

    /// Text that the store can hold.
    private static func text(_ bytes: some Sequence<UInt8>) throws(EdgeError) -> String {
        guard let text = String(validating: Array(bytes), as: UTF8.self), !text.utf8.contains(0) else {
            throw malformed
        }
        return text
    }

    // MARK: application/x-www-form-urlencoded

    private static func encoded(_ bytes: [UInt8]) throws(EdgeError) -> [Field] {
        var fields: [Field] = []
        for pair in bytes.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            fields.append(
                Field(name: try text(decoded(parts[0])), value: parts.count > 1 ? try text(decoded(parts[1])) : ""))
        }
        return fields
    }

    /// A sign of percent that no two digits follow stands for itself.
    private static func decoded(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "+") {
                output.append(UInt8(ascii: " "))
            } else if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16),
                rest.first != UInt8(ascii: "+")
            {
                output.append(value)
                rest = rest.dropFirst(2)
            } else {
                output.append(byte)
            }
        }
        return output
    }

    // MARK: multipart/form-data

    private static func parts(_ bytes: [UInt8], _ type: String) throws(EdgeError) -> [Field] {
        guard let boundary = parameter("boundary", of: type), (1...70).contains(boundary.utf8.count) else {
            throw EdgeError(.malformed, "the boundary of the parts is missing")
        }
        let line = Array("\r\n--\(boundary)".utf8)
        // Before the first boundary a line break may be missing.
        var pieces = split(Array("\r\n".utf8) + bytes, by: line).dropFirst()
        guard let last = pieces.popLast(), last.starts(with: "--".utf8) else { throw malformed }
        var fields: [Field] = []
        for piece in pieces {
            if let field = try field(Array(piece.dropFirst(2))) { fields.append(field) }
        }
        return fields
    }

    /// A part without its boundary; nil for a file.
    private static func field(_ part: [UInt8]) throws(EdgeError) -> Field? {
        // Without any header the part begins with the empty line.
        guard let end = ByteSearch.first(Array("\r\n\r\n".utf8), in: part) else { throw malformed }
        let head = try text(part[..<end])
        let disposition = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-disposition:") }
        guard let disposition, let name = parameter("name", of: String(disposition)) else { throw malformed }
        if parameter("filename", of: String(disposition)) != nil { return nil }
        return Field(name: name, value: try text(part[(end + 4)...]))
    }

    private static func split(_ bytes: [UInt8], by separator: [UInt8]) -> [ArraySlice<UInt8>] {
        var pieces: [ArraySlice<UInt8>] = []
        var start = 0
        while let next = ByteSearch.first(separator, in: Array(bytes[start...])) {
            pieces.append(bytes[start..<start + next])
            start += next + separator.count
        }
        return pieces + [bytes[start...]]
    }

    /// `name=value` or `name="value"` behind a semicolon; browsers write quotes within as `%22`.
    private static func parameter(_ name: String, of header: String) -> String? {
        for part in header.split(separator: ";").dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, pair[0].lowercased().filter({ $0 != " " }) == name else { continue }
            var value = pair[1].drop { $0 == " " }
            while let last = value.last, last == " " || last == "\r" { value = value.dropLast() }
            guard value.hasPrefix("\""), value.hasSuffix("\""), value.utf8.count >= 2 else { return String(value) }
            return String(value.dropFirst().dropLast()).replacing("%22", with: "\"").replacing("%0D%0A", with: "\r\n")
        }
        return nil
    }
}
