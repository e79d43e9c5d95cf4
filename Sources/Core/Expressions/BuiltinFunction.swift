import Patterns

/// The functions of CEL: those of its standard, and of its extensions for text, mathematics, optional values, encoding
/// and networks.
enum BuiltinFunction: Sendable {
    case size, startsWith, endsWith, contains, matches
    case int, uint, double, string, bytes, bool, timestamp, duration, dyn, type
    case getDate, getDayOfMonth, getDayOfWeek, getDayOfYear, getFullYear, getHours, getMilliseconds, getMinutes
    case getMonth, getSeconds
    case charAt, indexOf, lastIndexOf, lowerAscii, upperAscii, replace, split, substring, trim, join, reverse, quote
    case format
    case greatest, least, ceil, floor, round, trunc, abs, sign, sqrt, isNaN, isInf, isFinite
    case bitAnd, bitOr, bitXor, bitNot, bitShiftLeft, bitShiftRight
    case base64Encode, base64Decode
    case optionalOf, optionalOfNonZeroValue, optionalNone, hasValue, value, or, orValue
    case ip, cidr, isIP, isCIDR, isCanonical, family, isUnspecified, isLoopback, isGlobalUnicast, isLinkLocalMulticast
    case isLinkLocalUnicast, containsIP, containsCIDR, cidrIP, masked, prefixLength

    func apply(to operands: [Value], _ budget: inout StepBudget) throws(Fault) -> Value {
        switch self {
        case .size, .startsWith, .endsWith, .contains, .matches: try text(operands, &budget)
        case .int, .uint, .double, .string, .bytes, .bool, .timestamp, .duration, .dyn, .type:
            try convert(operands[0], &budget)
        case .getDate, .getDayOfMonth, .getDayOfWeek, .getDayOfYear, .getFullYear, .getHours, .getMilliseconds,
            .getMinutes, .getMonth, .getSeconds:
            try part(operands)
        case .charAt, .indexOf, .lastIndexOf, .lowerAscii, .upperAscii, .replace, .split, .substring, .trim, .join,
            .reverse, .quote, .format:
            try edit(operands, &budget)
        case .greatest, .least, .ceil, .floor, .round, .trunc, .abs, .sign, .sqrt, .isNaN, .isInf, .isFinite,
            .bitAnd, .bitOr, .bitXor, .bitNot, .bitShiftLeft, .bitShiftRight:
            try compute(operands, &budget)
        case .base64Encode, .base64Decode: try encode(operands[0], &budget)
        case .optionalOf, .optionalOfNonZeroValue, .optionalNone, .hasValue, .value, .or, .orValue:
            try optional(operands)
        default: try network(operands)
        }
    }

    func mismatch(_ values: [Value]) -> Fault {
        let types = values.map(\.typeName).joined(separator: ", ")
        return Fault(.noSuchOverload, "\(self) is not defined on \(types)")
    }

    // MARK: Text

    private func text(_ operands: [Value], _ budget: inout StepBudget) throws(Fault) -> Value {
        if self == .size { return .int(Int64(try size(operands[0], &budget))) }
        guard case .string(let text) = operands[0], case .string(let part) = operands[1] else {
            throw mismatch(operands)
        }
        guard self == .matches else {
            try budget.spend((text.utf8.count + part.utf8.count) / 64)
            return .bool(find(part, in: text))
        }
        // To compile a pattern costs far more than to follow it.
        try budget.spend(text.utf8.count / 16 + 200 + part.utf8.count)
        return .bool(try LinearPattern.compiled(part).matches(text))
    }

    /// Code points of a text, bytes, elements or entries.
    private func size(_ value: Value, _ budget: inout StepBudget) throws(Fault) -> Int {
        switch value {
        case .string(let text):
            try budget.spend(text.utf8.count / 64)
            return text.unicodeScalars.count
        case .bytes(let bytes): return bytes.count
        case .list(let elements): return elements.count
        case .map(let map): return map.count
        default: throw mismatch([value])
        }
    }

    /// By code points, which Swift's own `hasPrefix` and `contains` are not.
    func find(_ part: String, in text: String) -> Bool {
        let answer: Bool? = text.utf8.withContiguousStorageIfAvailable { text in
            part.utf8.withContiguousStorageIfAvailable { find($0, in: text) } ?? find(Array(part.utf8)[...], in: text)
        }
        return answer ?? find(Array(part.utf8), in: Array(text.utf8))
    }

    @inline(__always)
    private func find<Part: RandomAccessCollection<UInt8>, Text: RandomAccessCollection<UInt8>>(
        _ part: Part, in text: Text
    ) -> Bool {
        guard text.count >= part.count else { return false }
        switch self {
        case .startsWith: return text.prefix(part.count).elementsEqual(part)
        case .endsWith: return text.suffix(part.count).elementsEqual(part)
        default: return text.holds(part)
        }
    }
}

extension RandomAccessCollection<UInt8> {
    /// Short texts are tried place by place.
    @inline(__always)
    fileprivate func holds<Part: RandomAccessCollection<UInt8>>(_ part: Part) -> Bool {
        guard let first = part.first else { return true }
        guard count < 128 else { return firstPlace(of: Array(part)) != nil }
        var place = startIndex
        let end = index(endIndex, offsetBy: 1 - part.count)
        while place < end {
            if self[place] == first, self[place...].prefix(part.count).elementsEqual(part) { return true }
            formIndex(after: &place)
        }
        return false
    }
}

extension Collection<UInt8> {
    /// Where `part` begins: by Knuth, Morris and Pratt, linear whatever the texts are.
    func firstPlace(of part: [UInt8]) -> Int? {
        guard !part.isEmpty else { return 0 }
        var borders = [0]
        var matched = 0
        for byte in part.dropFirst() {
            while matched > 0, byte != part[matched] { matched = borders[matched - 1] }
            if byte == part[matched] { matched += 1 }
            borders.append(matched)
        }
        matched = 0
        for (place, byte) in enumerated() {
            while matched > 0, byte != part[matched] { matched = borders[matched - 1] }
            if byte == part[matched] { matched += 1 }
            if matched == part.count { return place + 1 - part.count }
        }
        return nil
    }
}
