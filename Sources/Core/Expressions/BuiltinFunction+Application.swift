import Model

extension BuiltinFunction {
    func apply(to operands: [Value], _ budget: inout StepBudget) throws(Fault) -> Value {
        switch self {
        case .size: return .int(Int64(try size(operands[0], &budget)))
        case .duration:
            guard case .string(let text) = operands[0] else { throw mismatch(operands[0]) }
            guard let span = Span(durationLiteral: text) else {
                throw Fault(.invalidArgument, "the text is not a duration")
            }
            return .duration(span)
        case .startsWith, .endsWith, .contains:
            guard case .string(let text) = operands[0] else { throw mismatch(operands[0]) }
            guard case .string(let part) = operands[1] else { throw mismatch(operands[1]) }
            try budget.spend((text.utf8.count + part.utf8.count) / 64)
            return .bool(find(part, in: text))
        }
    }

    private func mismatch(_ value: Value) -> Fault {
        Fault(.noSuchOverload, "\(rawValue) is not defined on \(value.typeName)")
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
        default: throw mismatch(value)
        }
    }

    /// By code points, which Swift's own `hasPrefix` and `contains` are not.
    private func find(_ part: String, in text: String) -> Bool {
        switch self {
        case .startsWith: text.utf8.starts(with: part.utf8)
        case .endsWith: text.utf8.reversed().starts(with: part.utf8.reversed())
        default: Self.search(Array(part.utf8), in: text.utf8)
        }
    }

    /// Knuth, Morris and Pratt: linear, whatever the texts are.
    private static func search(_ part: [UInt8], in text: String.UTF8View) -> Bool {
        guard !part.isEmpty else { return true }
        var borders = [0]
        var matched = 0
        for byte in part.dropFirst() {
            while matched > 0, byte != part[matched] { matched = borders[matched - 1] }
            if byte == part[matched] { matched += 1 }
            borders.append(matched)
        }
        matched = 0
        for byte in text {
            while matched > 0, byte != part[matched] { matched = borders[matched - 1] }
            if byte == part[matched] { matched += 1 }
            if matched == part.count { return true }
        }
        return false
    }
}
