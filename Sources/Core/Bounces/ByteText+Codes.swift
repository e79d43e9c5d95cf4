extension ByteText {
    /// The first enhanced status code (RFC 3463) in the text: no address of a host, no version, no amount.
    var status: EnhancedStatus? { bytes.indices.lazy.compactMap(status).first }

    /// The first that is not of a success.
    var failure: EnhancedStatus? { bytes.indices.lazy.compactMap(status).first { $0.class != 2 } }

    private func status(at start: Int) -> EnhancedStatus? {
        guard Self.classes.contains(bytes[start]), start == 0 || !isDigitOrDot(start - 1) else { return nil }
        guard let (subject, middle) = number(behind: start + 1), let (detail, end) = number(behind: middle) else {
            return nil
        }
        guard subject <= 9, !isDigit(end), !(isDot(end) && isDigit(end + 1)) else { return nil }
        return EnhancedStatus(Int(bytes[start] - 48), subject, detail)
    }

    /// The number of at most three digits behind a dot.
    private func number(behind dot: Int) -> (Int, end: Int)? {
        guard isDot(dot) else { return nil }
        var (value, end) = (0, dot + 1)
        while end < bytes.count, isDigit(end), end - dot <= 3 {
            value = value * 10 + Int(bytes[end] - 48)
            end += 1
        }
        return end > dot + 1 ? (value, end) : nil
    }

    /// The first reply code of SMTP (RFC 5321, section 4.2) in the text.
    var replyCode: Int? { bytes.indices.lazy.compactMap(replyCode).first }

    /// The first that is not of a success.
    var failureCode: Int? { bytes.indices.lazy.compactMap(replyCode).first { $0 >= 400 } }

    private func replyCode(at start: Int) -> Int? {
        guard start + 2 < bytes.count, Self.classes.contains(bytes[start]), (48...53).contains(bytes[start + 1]),
            isDigit(start + 2), start == 0 || !Self.joints.contains(bytes[start - 1]), !isDigit(start - 1),
            isEndOfCode(start + 3)
        else { return nil }
        return bytes[start..<start + 3].reduce(0) { $0 * 10 + Int($1 - 48) }
    }

    /// Behind a code stand the end, the receiver's words, or an enhanced code.
    private func isEndOfCode(_ place: Int) -> Bool {
        guard place < bytes.count else { return true }
        switch bytes[place] {
        case UInt8(ascii: "\n"), UInt8(ascii: ":"), UInt8(ascii: "<"), UInt8(ascii: "("): return true
        case UInt8(ascii: " "), UInt8(ascii: "-"): return !isDigit(place + 1) || isDot(place + 2)
        default: return false
        }
    }

    private static let classes: Set<UInt8> = [UInt8(ascii: "2"), UInt8(ascii: "4"), UInt8(ascii: "5")]
    /// What stands before digits that are a part of something else.
    private static let joints = Set(".-/:@=#".utf8)

    private func isDot(_ place: Int) -> Bool { place < bytes.count && bytes[place] == UInt8(ascii: ".") }
    private func isDigit(_ place: Int) -> Bool { bytes.indices.contains(place) && (48...57).contains(bytes[place]) }
    private func isDigitOrDot(_ place: Int) -> Bool { isDigit(place) || isDot(place) }
}
