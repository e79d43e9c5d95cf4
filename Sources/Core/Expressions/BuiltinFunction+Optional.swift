/// Optional values, and base64.
extension BuiltinFunction {
    func optional(_ operands: [Value]) throws(Fault) -> Value {
        switch self {
        case .optionalNone: return .optional(of: nil)
        case .optionalOf: return .optional(of: operands[0])
        case .optionalOfNonZeroValue: return .optional(of: operands[0].isZero ? nil : operands[0])
        default: break
        }
        guard case .optional(let optional) = operands[0] else { throw mismatch(operands) }
        switch self {
        case .hasValue: return .bool(optional.value != nil)
        case .orValue: return optional.value ?? operands[1]
        case .or:
            guard case .optional = operands[1] else { throw mismatch(operands) }
            return optional.value == nil ? operands[1] : operands[0]
        default:
            guard let value = optional.value else { throw Fault(.invalidArgument, "optional.none() has no value") }
            return value
        }
    }

    func encode(_ value: Value, _ budget: inout StepBudget) throws(Fault) -> Value {
        switch (self, value) {
        case (.base64Encode, .bytes(let bytes)):
            try budget.spend(bytes.count / 16)
            return .string(Self.base64(bytes))
        case (.base64Decode, .string(let text)):
            try budget.spend(text.utf8.count / 16)
            guard let bytes = Self.bytes(base64: text) else {
                throw Fault(.invalidArgument, "the text is not base64")
            }
            return .bytes(bytes)
        default: throw mismatch([value])
        }
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static func base64(_ bytes: [UInt8]) -> String {
        var output: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits: UInt32 = 0
            for place in 0..<3 { bits = bits << 8 | (place < group.count ? UInt32(group[start + place]) : 0) }
            for place in 0..<4 {
                let index = Int(bits >> UInt32(18 - place * 6) & 63)
                output.append(place <= group.count ? alphabet[index] : UInt8(ascii: "="))
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// With or without the signs that fill up the last group.
    private static func bytes(base64 text: String) -> [UInt8]? {
        var output: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        let digits = text.utf8.reversed().drop { $0 == UInt8(ascii: "=") }.reversed()
        guard digits.count % 4 != 1, text.utf8.count - digits.count <= 2 else { return nil }
        for digit in digits {
            guard let value = alphabet.firstIndex(of: digit) else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                output.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return output
    }
}
