/// `"%s is %d".format([…])`: the clauses are those of the extension for text.
struct TextFormat {
    static func text(
        _ format: String, _ arguments: [Value], _ budget: inout StepBudget
    ) throws(Fault) -> String {
        var output = ""
        var scalars = Array(format.unicodeScalars)[...]
        var next = 0
        while let scalar = scalars.popFirst() {
            guard scalar == "%" else {
                output.unicodeScalars.append(scalar)
                continue
            }
            if scalars.first == "%" {
                scalars.removeFirst()
                output += "%"
                continue
            }
            let clause = try clause(&scalars)
            guard next < arguments.count else { throw Fault(.invalidArgument, "index \(next) out of range") }
            let text = try clause.text(arguments[next], &budget)
            try budget.spend(1 + text.utf8.count / 16)
            output += text
            next += 1
        }
        return output
    }

    private static func clause(_ scalars: inout ArraySlice<Unicode.Scalar>) throws(Fault) -> TextFormat {
        var precision: Int?
        if scalars.first == "." {
            scalars.removeFirst()
            let digits = scalars.prefix { $0.isDigit }
            scalars.removeFirst(digits.count)
            precision = Int(digits.map { String($0) }.joined())
            guard let places = precision, places <= 100 else {
                throw Fault(.invalidArgument, "a precision is a number up to 100")
            }
        }
        guard let letter = scalars.popFirst(), "sdfebxXo".unicodeScalars.contains(letter) else {
            throw Fault(.invalidArgument, "unrecognized formatting clause")
        }
        return TextFormat(letter: letter, precision: precision ?? 6)
    }

    private let letter: Unicode.Scalar
    private let precision: Int

    private func text(_ value: Value, _ budget: inout StepBudget) throws(Fault) -> String {
        switch letter {
        case "s": try Self.words(value, &budget)
        case "d": try decimal(value)
        case "f", "e": try fraction(value)
        case "x": try hexadecimal(value)
        case "X": try hexadecimal(value).uppercased()
        default: try digits(value)
        }
    }

    private func mismatch(_ value: Value) -> Fault {
        Fault(.noSuchOverload, "%\(letter) is not defined on \(value.typeName)")
    }

    /// `%s`: lists and maps in brackets, the keys of a map in the order of their texts.
    private static func words(_ value: Value, _ budget: inout StepBudget) throws(Fault) -> String {
        try budget.spend(1)
        switch value {
        case .list(let elements):
            var parts: [String] = []
            for element in elements { parts.append(try words(element, &budget)) }
            let text = "[" + parts.joined(separator: ", ") + "]"
            try budget.spend(text.utf8.count / 16)
            return text
        case .map(let map):
            var parts: [(String, String)] = []
            for entry in map.entries { parts.append((try words(entry.key, &budget), try words(entry.value, &budget))) }
            parts.sort { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
            let text = "{" + parts.map { "\($0): \($1)" }.joined(separator: ", ") + "}"
            try budget.spend(text.utf8.count / 16)
            return text
        case .bytes(let bytes): return String(decoding: bytes, as: UTF8.self)
        case .optional: throw Fault(.noSuchOverload, "%s is not defined on optional")
        default: return value.text ?? ""
        }
    }

    private func decimal(_ value: Value) throws(Fault) -> String {
        switch value {
        case .int(let number): String(number)
        case .uint(let number): String(number)
        case .double(let number): number.celText
        default: throw mismatch(value)
        }
    }

    private func fraction(_ value: Value) throws(Fault) -> String {
        let number: Double
        switch value {
        case .double(let double): number = double
        case .int(let int): number = Double(int)
        case .uint(let uint): number = Double(uint)
        default: throw mismatch(value)
        }
        guard number.isFinite else { return number.celText }
        return letter == "f"
            ? ExactDecimal(number).rounded(toPlaces: precision) : ExactDecimal(number).scientific(places: precision)
    }

    private func hexadecimal(_ value: Value) throws(Fault) -> String {
        switch value {
        case .string(let text): Self.hexadecimal(Array(text.utf8))
        case .bytes(let bytes): Self.hexadecimal(bytes)
        default: try digits(value)
        }
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private func digits(_ value: Value) throws(Fault) -> String {
        let radix = letter == "b" ? 2 : letter == "o" ? 8 : 16
        switch value {
        case .int(let number): return String(number, radix: radix)
        case .uint(let number): return String(number, radix: radix)
        case .bool(let bool) where letter == "b": return bool ? "1" : "0"
        default: throw mismatch(value)
        }
    }
}
