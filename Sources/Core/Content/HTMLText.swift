/// Text in HTML.
public enum HTMLText {
    /// `text` such that it can stand in element content and in quoted attribute values.
    public static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { entity(for: $0) != nil }) else { return text }
        var output: [UInt8] = []
        output.reserveCapacity(text.utf8.count + 32)
        for byte in text.utf8 {
            if let entity = entity(for: byte) { output += entity.utf8 } else { output.append(byte) }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func entity(for byte: UInt8) -> String? {
        switch byte {
        case UInt8(ascii: "&"): "&amp;"
        case UInt8(ascii: "<"): "&lt;"
        case UInt8(ascii: ">"): "&gt;"
        case UInt8(ascii: "\""): "&quot;"
        case UInt8(ascii: "'"): "&#39;"
        default: nil
        }
    }

    private static let named: [Substring: Unicode.Scalar] = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'",
    ]

    /// An attribute value with its character references resolved: the five of XML and the numeric ones.
    public static func unescaped(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "&")) else { return text }
        var output = ""
        var rest = text[...]
        while let start = rest.firstIndex(of: "&") {
            output += rest[..<start]
            rest = rest[start...].dropFirst()
            if let end = rest.prefix(10).firstIndex(of: ";"), let scalar = scalar(rest[..<end]) {
                output.unicodeScalars.append(scalar)
                rest = rest[end...].dropFirst()
            } else {
                output += "&"
            }
        }
        return output + rest
    }

    private static func scalar(_ reference: Substring) -> Unicode.Scalar? {
        guard reference.first == "#" else { return named[reference] }
        let digits = reference.dropFirst()
        let isHexadecimal = digits.first == "x" || digits.first == "X"
        return UInt32(isHexadecimal ? digits.dropFirst() : digits, radix: isHexadecimal ? 16 : 10)
            .flatMap(Unicode.Scalar.init)
    }
}
