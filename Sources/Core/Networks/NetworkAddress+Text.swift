extension NetworkAddress: CustomStringConvertible {
    /// Reads `192.0.2.1`, `2001:db8::1` or `::ffff:192.0.2.1`, as inet_pton(3) does: no zone, no zero in front of a number of
    /// IPv4. Nil for anything else.
    public init?(_ text: some StringProtocol) {
        guard (2...45).contains(text.utf8.count) else { return nil }
        let text = Array(text.utf8)
        guard let bytes = text.contains(UInt8(ascii: ":")) ? Self.six(text[...]) : Self.four(text[...]) else {
            return nil
        }
        self.init(bytes: bytes)
    }

    /// As RFC 5952, section 4, has it: lower case, the longest run of zeros left out.
    public var description: String {
        let bytes = bytes
        guard isSix else { return bytes.map { String($0) }.joined(separator: ".") }
        let groups = stride(from: 0, to: 16, by: 2).map { Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]) }
        let words = groups.map { String($0, radix: 16) }
        let zeros = Self.longestRun(in: groups)
        guard !zeros.isEmpty else { return words.joined(separator: ":") }
        return words[..<zeros.lowerBound].joined(separator: ":") + "::"
            + words[zeros.upperBound...].joined(separator: ":")
    }

    /// Of two zeros or more.
    private static func longestRun(in groups: [Int]) -> Range<Int> {
        var longest = 0..<0
        var start = 0
        for index in 0...groups.count where index == groups.count || groups[index] != 0 {
            if index - start > max(1, longest.count) { longest = start..<index }
            start = index + 1
        }
        return longest
    }

    private static func four(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        let bytes = parts.compactMap { digits -> UInt8? in
            guard (1...3).contains(digits.count), digits.allSatisfy({ (48...57).contains($0) }),
                digits.count == 1 || digits.first != UInt8(ascii: "0")
            else { return nil }
            return UInt8(String(decoding: digits, as: UTF8.self))
        }
        return bytes.count == 4 ? bytes : nil
    }

    private static func six(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let colon = UInt8(ascii: ":")
        let gap = text.indices.dropLast().first { text[$0] == colon && text[$0 + 1] == colon }
        guard let gap else { return groups(text).flatMap { $0.count == 16 ? $0 : nil } }
        // An IPv4 address can only stand at the end.
        guard !text[..<gap].contains(UInt8(ascii: ".")), let head = groups(text[..<gap]),
            let tail = groups(text[(gap + 2)...]), head.count + tail.count <= 14
        else { return nil }
        return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    /// The bytes of `a:b:192.0.2.1`; none of nothing.
    private static func groups(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard !text.isEmpty else { return [] }
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        var bytes: [UInt8] = []
        for (index, part) in parts.enumerated() {
            if index == parts.count - 1, part.contains(UInt8(ascii: ".")) {
                guard let four = four(part) else { return nil }
                bytes += four
            } else {
                guard (1...4).contains(part.count), part.allSatisfy(isHexDigit),
                    let group = UInt16(String(decoding: part, as: UTF8.self), radix: 16)
                else { return nil }
                bytes += [UInt8(group >> 8), UInt8(group & 0xFF)]
            }
        }
        return bytes
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }
}
