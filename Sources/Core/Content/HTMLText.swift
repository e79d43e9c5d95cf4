/// Text in HTML.
public enum HTMLText {
    /// `text` such that it can stand in element content and in quoted attribute values.
    public static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { entity(for: $0) != nil }) else { return text }
        var output: [UInt8] = []
        output.reserveCapacity(text.utf8.count + 32)
        append(text, to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    static func append(_ text: String, to output: inout [UInt8]) {
        for byte in text.utf8 {
            if let entity = entity(for: byte) { output += entity.utf8 } else { output.append(byte) }
        }
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

    /// The references that mails have most, beside those of XML; invisible ones are nothing.
    private static let common: [Substring: String] = [
        "nbsp": " ", "ensp": " ", "emsp": " ", "thinsp": " ", "shy": "", "zwnj": "", "zwj": "", "copy": "©", "reg": "®",
        "trade": "™", "euro": "€", "pound": "£", "yen": "¥", "cent": "¢", "sect": "§", "deg": "°", "hellip": "…",
        "mdash": "—", "ndash": "–", "lsquo": "‘", "rsquo": "’", "ldquo": "“", "rdquo": "”", "sbquo": "‚", "bdquo": "„",
        "laquo": "«", "raquo": "»", "lsaquo": "‹", "rsaquo": "›", "middot": "·", "bull": "•", "times": "×",
        "larr": "←", "rarr": "→", "uarr": "↑", "darr": "↓", "check": "✓", "star": "☆", "hearts": "♥", "frac12": "½",
        "agrave": "à", "aacute": "á", "acirc": "â", "auml": "ä", "aring": "å", "aelig": "æ", "ccedil": "ç",
        "egrave": "è", "eacute": "é", "ecirc": "ê", "euml": "ë", "iacute": "í", "iuml": "ï", "ntilde": "ñ",
        "oacute": "ó", "ocirc": "ô", "ouml": "ö", "oslash": "ø", "uacute": "ú", "uuml": "ü", "szlig": "ß",
    ]

    /// Element content as it is read, its character references resolved, without what cannot be seen.
    static func plain(_ text: String) -> String {
        unescaped(text) { common[$0] }.replacingInvisible
    }

    /// An attribute value with its character references resolved: the five of XML and the numeric ones.
    public static func unescaped(_ text: String) -> String { unescaped(text) { _ in nil } }

    private static func unescaped(_ text: String, _ more: (Substring) -> String?) -> String {
        guard text.utf8.contains(UInt8(ascii: "&")) else { return text }
        var output = ""
        var rest = text[...]
        while let start = rest.firstIndex(of: "&") {
            output += rest[..<start]
            rest = rest[start...].dropFirst()
            if let end = rest.prefix(10).firstIndex(of: ";"), let scalar = scalar(rest[..<end]) {
                output.unicodeScalars.append(scalar)
                rest = rest[end...].dropFirst()
            } else if let end = rest.prefix(10).firstIndex(of: ";"), let known = more(rest[..<end]) {
                output += known
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

extension String {
    /// Without soft hyphens and marks of width zero; hard spaces are spaces.
    fileprivate var replacingInvisible: String {
        guard unicodeScalars.contains(where: { $0.value >= 0xA0 }) else { return self }
        var output = UnicodeScalarView()
        for scalar in unicodeScalars {
            switch scalar.value {
            case 0xA0, 0x2007, 0x202F: output.append(" ")
            case 0xAD, 0x34F, 0x200B, 0x2060, 0xFEFF: continue
            default: output.append(scalar)
            }
        }
        return String(output)
    }
}
