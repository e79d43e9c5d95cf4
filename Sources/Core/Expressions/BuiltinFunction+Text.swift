/// The extension for text: places are counted in code points.
extension BuiltinFunction {
    func edit(_ operands: [Value], _ budget: inout StepBudget) throws(Fault) -> Value {
        if self == .join { return try join(operands, &budget) }
        guard case .string(let text) = operands[0] else { throw mismatch(operands) }
        try budget.spend(text.utf8.count / 16)
        switch self {
        case .lowerAscii: return .string(text.mappingASCII(UInt8(ascii: "A")...UInt8(ascii: "Z")) { $0 | 0x20 })
        case .upperAscii: return .string(text.mappingASCII(UInt8(ascii: "a")...UInt8(ascii: "z")) { $0 & 0xDF })
        case .trim: return .string(text.trimmed)
        case .reverse: return .string(String(String.UnicodeScalarView(text.unicodeScalars.reversed())))
        case .quote: return .string(text.quoted)
        case .charAt, .substring: return .string(try slice(Array(text.unicodeScalars), operands))
        case .indexOf, .lastIndexOf: return .int(try place(in: Array(text.unicodeScalars), operands, &budget))
        case .replace: return .string(try replace(text, operands, &budget))
        case .split: return try split(text, operands, &budget)
        default:
            guard case .list(let arguments) = operands[1] else { throw mismatch(operands) }
            return .string(try TextFormat.text(text, arguments, &budget))
        }
    }

    private func number(_ operands: [Value], _ place: Int) throws(Fault) -> Int? {
        guard operands.count > place else { return nil }
        guard case .int(let number) = operands[place], let whole = Int(exactly: number) else {
            throw mismatch(operands)
        }
        return whole
    }

    private func string(_ operands: [Value], _ place: Int) throws(Fault) -> String {
        guard case .string(let text) = operands[place] else { throw mismatch(operands) }
        return text
    }

    private func outside(_ place: Int) -> Fault { Fault(.invalidArgument, "index out of range: \(place)") }

    private func slice(_ scalars: [Unicode.Scalar], _ operands: [Value]) throws(Fault) -> String {
        let start = try number(operands, 1) ?? 0
        guard (0...scalars.count).contains(start) else { throw outside(start) }
        if self == .charAt { return start == scalars.count ? "" : String(scalars[start]) }
        let end = try number(operands, 2) ?? scalars.count
        guard (0...scalars.count).contains(end) else { throw outside(end) }
        guard start <= end else { throw Fault(.invalidArgument, "a substring from \(start) to \(end)") }
        return scalars[start..<end].text
    }

    private func place(
        in scalars: [Unicode.Scalar], _ operands: [Value], _ budget: inout StepBudget
    ) throws(Fault) -> Int64 {
        let part = Array(try string(operands, 1).unicodeScalars)
        let isLast = self == .lastIndexOf
        let from = try number(operands, 2) ?? (isLast ? max(0, scalars.count - 1) : 0)
        guard from >= 0, from < max(1, scalars.count) || part.isEmpty && from == scalars.count else {
            throw outside(from)
        }
        if part.isEmpty { return Int64(isLast && operands.count == 2 ? scalars.count : from) }
        guard part.count <= scalars.count else { return -1 }
        let latest = scalars.count - part.count
        let places = isLast ? Array((0...min(from, latest)).reversed()) : from <= latest ? Array(from...latest) : []
        for place in places {
            try budget.spend(1)
            guard scalars[place] == part[0] else { continue }
            try budget.spend(part.count / 16)
            if scalars[place..<place + part.count].elementsEqual(part) { return Int64(place) }
        }
        return -1
    }

    private func replace(_ text: String, _ operands: [Value], _ budget: inout StepBudget) throws(Fault) -> String {
        let pieces = try pieces(
            of: text, by: string(operands, 1), limit: number(operands, 3).map { $0 < 0 ? $0 : $0 + 1 })
        let substitute = try string(operands, 2)
        try budget.spend(pieces.count * (1 + substitute.utf8.count / 64))
        return pieces.joined(separator: substitute)
    }

    private func split(_ text: String, _ operands: [Value], _ budget: inout StepBudget) throws(Fault) -> Value {
        let limit = try number(operands, 2)
        if limit == 0 { return .list([]) }
        let separator = try string(operands, 1)
        let pieces =
            separator.isEmpty && limit ?? -1 < 0
            ? text.unicodeScalars.map { String($0) } : pieces(of: text, by: separator, limit: limit)
        try budget.spend(pieces.count)
        return .list(pieces.map { .string($0) })
    }

    /// At most `limit` pieces, or all; an empty separator stands before each code point and at the end.
    private func pieces(of text: String, by separator: String, limit: Int?) -> [String] {
        let (text, separator) = (Array(text.unicodeScalars), Array(separator.unicodeScalars))
        let limit = limit.flatMap { $0 < 0 ? nil : max(1, $0) } ?? Int.max
        var pieces: [String] = []
        var start = 0
        var place = 0
        while place + separator.count <= text.count, pieces.count + 1 < limit {
            guard text[place..<place + separator.count].elementsEqual(separator) else {
                place += 1
                continue
            }
            pieces.append(text[start..<place].text)
            start = place + separator.count
            place = max(start, place + 1)
        }
        return pieces + [text[start...].text]
    }

    private func join(_ operands: [Value], _ budget: inout StepBudget) throws(Fault) -> Value {
        guard case .list(let elements) = operands[0] else { throw mismatch(operands) }
        let separator = operands.count == 1 ? "" : try string(operands, 1)
        var texts: [String] = []
        for element in elements {
            guard case .string(let text) = element else { throw mismatch([element]) }
            try budget.spend(1 + (text.utf8.count + separator.utf8.count) / 64)
            texts.append(text)
        }
        return .string(texts.joined(separator: separator))
    }
}

extension Sequence<Unicode.Scalar> {
    fileprivate var text: String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: self)
        return String(view)
    }
}

extension String {
    fileprivate func mappingASCII(_ range: ClosedRange<UInt8>, _ change: (UInt8) -> UInt8) -> String {
        String(decoding: utf8.map { range.contains($0) ? change($0) : $0 }, as: UTF8.self)
    }

    fileprivate var trimmed: String {
        let kept = unicodeScalars.drop { $0.properties.isWhitespace }
        let end = kept.lastIndex { !$0.properties.isWhitespace }.map { kept.index(after: $0) } ?? kept.startIndex
        return String(kept[kept.startIndex..<end])
    }

    /// The text as a literal of CEL between double quotes.
    var quoted: String {
        let escapes: [Unicode.Scalar: String] = [
            "\u{07}": "\\a", "\u{08}": "\\b", "\u{0C}": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\u{0B}": "\\v",
            "\\": "\\\\", "\"": "\\\"",
        ]
        return "\"" + unicodeScalars.map { escapes[$0] ?? String($0) }.joined() + "\""
    }
}
