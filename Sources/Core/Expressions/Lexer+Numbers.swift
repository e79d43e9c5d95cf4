extension Lexer {
    /// `INT_LIT`, `UINT_LIT` and `FLOAT_LIT`, without sign.
    mutating func number() throws(ExpressionError) -> Token.Kind {
        let start = index
        if peek() == "0", peek(1) == "x" || peek(1) == "X", peek(2)?.hexDigit != nil {
            index += 2
            return try integer(digits { $0.hexDigit != nil }, radix: 16, start: start)
        }
        var text = digits { $0.isDigit }
        let hasFraction = peek() == "." && peek(1)?.isDigit == true
        if hasFraction {
            index += 1
            text = (text.isEmpty ? "0" : text) + "." + digits { $0.isDigit }
        }
        if let exponent = exponent() {
            return try double(text + exponent, start: start)
        }
        return hasFraction ? try double(text, start: start) : try integer(text, radix: 10, start: start)
    }

    private mutating func digits(where belongs: (Unicode.Scalar) -> Bool) -> String {
        var text = ""
        while let scalar = peek(), belongs(scalar) {
            text.unicodeScalars.append(scalar)
            index += 1
        }
        return text
    }

    private mutating func exponent() -> String? {
        guard peek() == "e" || peek() == "E" else { return nil }
        let signed = peek(1) == "+" || peek(1) == "-"
        guard peek(signed ? 2 : 1)?.isDigit == true else { return nil }
        let sign = signed && peek(1) == "-" ? "-" : ""
        index += signed ? 2 : 1
        return "e" + sign + digits { $0.isDigit }
    }

    private mutating func integer(_ text: String, radix: Int, start: Int) throws(ExpressionError) -> Token.Kind {
        guard let magnitude = UInt64(text, radix: radix) else {
            throw source.error("this number does not fit into 64 bits", at: start)
        }
        guard peek() == "u" || peek() == "U" else { return .int(magnitude) }
        index += 1
        return .uint(magnitude)
    }

    private func double(_ text: String, start: Int) throws(ExpressionError) -> Token.Kind {
        guard let value = Double(text), value.isFinite else {
            throw source.error("this number is beyond the range of a double", at: start)
        }
        return .double(value)
    }
}
