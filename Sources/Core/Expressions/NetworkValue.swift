/// An IP address, or a block of them: CIDR.
public final class NetworkValue: Sendable, Equatable {
    /// Four or sixteen bytes.
    let bytes: [UInt8]
    /// The bits that a block has in common; nil for an address.
    let prefix: Int?

    init(_ bytes: [UInt8], prefix: Int? = nil) {
        self.bytes = bytes
        self.prefix = prefix
    }

    public static func == (left: NetworkValue, right: NetworkValue) -> Bool {
        left.bytes == right.bytes && left.prefix == right.prefix
    }

    var typeName: String { prefix == nil ? "net.IP" : "net.CIDR" }

    var text: String { Self.text(bytes) + (prefix.map { "/\($0)" } ?? "") }

    /// The block with all bits behind the prefix zero.
    var masked: NetworkValue {
        guard let prefix else { return self }
        let masked = bytes.enumerated().map { place, byte in
            byte & UInt8(truncatingIfNeeded: 0xFF00 >> min(8, max(0, prefix - place * 8)))
        }
        return NetworkValue(masked, prefix: prefix)
    }

    func contains(_ other: NetworkValue) -> Bool {
        guard let prefix, bytes.count == other.bytes.count, other.prefix ?? .max >= prefix else { return false }
        return NetworkValue(other.bytes, prefix: prefix).masked.bytes == masked.bytes
    }

    // MARK: Reading

    /// An address, without a zone and not an IPv4 address in the form of an IPv6 one.
    static func address(_ text: String) -> NetworkValue? {
        (text.contains(":") ? version6(text) : version4(text)).map { NetworkValue($0) }
    }

    /// `192.168.0.0/24`
    static func block(_ text: String) -> NetworkValue? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = address(String(parts[0])), let bits = number(parts[1]),
            bits <= address.bytes.count * 8
        else { return nil }
        return NetworkValue(address.bytes, prefix: bits)
    }

    private static func number(_ digits: Substring) -> Int? {
        guard (1...3).contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...57).contains($0) }),
            digits == "0" || !digits.hasPrefix("0")
        else { return nil }
        return Int(digits)
    }

    private static func version4(_ text: String) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        let bytes = parts.compactMap { number($0).flatMap { UInt8(exactly: $0) } }
        return bytes.count == 4 ? bytes : nil
    }

    private static func version6(_ text: String) -> [UInt8]? {
        guard text.utf8.count <= 45 else { return nil }
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        guard halves.count <= 2, let head = groups(halves[0]) else { return nil }
        guard halves.count == 2 else { return head.count == 16 ? head : nil }
        guard let tail = groups(halves[1]), head.count + tail.count <= 14 else { return nil }
        return head + Array(repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    private static func groups(_ text: Substring) -> [UInt8]? {
        var bytes: [UInt8] = []
        guard !text.isEmpty else { return bytes }
        for group in text.split(separator: ":", omittingEmptySubsequences: false) {
            guard (1...4).contains(group.utf8.count), !group.hasPrefix("+"), !group.hasPrefix("-"),
                let value = UInt16(group, radix: 16)
            else { return nil }
            bytes += [UInt8(value >> 8), UInt8(value & 0xFF)]
        }
        return bytes
    }

    // MARK: Writing

    /// As RFC 5952 has it: the longest run of zeros left out, lower case.
    private static func text(_ bytes: [UInt8]) -> String {
        guard bytes.count == 16 else { return bytes.map { String($0) }.joined(separator: ".") }
        let groups = stride(from: 0, to: 16, by: 2).map { Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]) }
        var longest = 0..<0
        var start = 0
        for index in 0...8 where index == 8 || groups[index] != 0 {
            if index - start > max(1, longest.count) { longest = start..<index }
            start = index + 1
        }
        let words = groups.map { String($0, radix: 16) }
        guard !longest.isEmpty else { return words.joined(separator: ":") }
        return words[..<longest.lowerBound].joined(separator: ":") + "::"
            + words[longest.upperBound...].joined(separator: ":")
    }
}
