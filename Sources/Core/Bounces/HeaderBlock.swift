/// Fields of a header, or of a block of a report, in their order.
struct HeaderBlock {
    /// Names in lower case.
    private var fields: [(name: String, value: String)] = []

    init() {}

    /// Reads `Name: value` lines with their continuations, up to the first empty line; what is no field is passed over.
    init(_ text: ByteText) {
        for line in text.lines {
            if line.isEmpty { break }
            if let first = line.first, first == UInt8(ascii: " ") || first == UInt8(ascii: "\t") {
                guard !fields.isEmpty else { continue }
                fields[fields.count - 1].value += " " + String(decoding: line, as: UTF8.self).trimmed
            } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
                append(
                    String(decoding: line[..<colon], as: UTF8.self),
                    String(decoding: line[(colon + 1)...], as: UTF8.self).trimmed)
            }
        }
    }

    mutating func append(_ name: String, _ value: String) {
        fields.append((name.lowercased().trimmed, value))
    }

    var isEmpty: Bool { fields.isEmpty }

    /// The first of a name.
    subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    /// The addresses in fields of these names, as they are written.
    func addresses(_ names: String...) -> [String] {
        names.flatMap { name in
            fields.filter { $0.name == name }.flatMap { ByteText($0.value).addresses.map(\.text) }
        }
    }
}

extension ByteText {
    /// What follows the first empty line.
    var behindHeader: ByteText {
        place(of: "\n\n").map { self[$0 + 2..<bytes.count] } ?? ByteText([])
    }
}

extension String {
    /// Without white space at its ends.
    var trimmed: String {
        let bytes = utf8.drop { ByteText.isSpace($0) }
        let end = bytes.lastIndex { !ByteText.isSpace($0) }.map { bytes.index(after: $0) } ?? bytes.startIndex
        return String(self[bytes.startIndex..<end])
    }
}
