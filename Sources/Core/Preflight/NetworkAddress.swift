/// An IPv4 or IPv6 address.
public struct NetworkAddress: Sendable, Hashable, CustomStringConvertible {
    /// Four, or sixteen.
    let bytes: [UInt8]
    /// As it was written.
    public let description: String

    /// Reads `192.0.2.1` or `2001:db8::1`; nil for what is neither.
    public init?(_ text: some StringProtocol) {
        guard let bytes = text.contains(":") ? Self.six(text) : Self.four(text) else { return nil }
        (self.bytes, description) = (bytes, text.lowercased())
    }

    public static func == (a: Self, b: Self) -> Bool { a.bytes == b.bytes }

    public func hash(into hasher: inout Hasher) { hasher.combine(bytes) }

    var isSix: Bool { bytes.count == 16 }

    /// Whether its first `bits` are those of another of its kind.
    func isWithin(_ network: NetworkAddress, bits: Int) -> Bool {
        guard bytes.count == network.bytes.count, (0...(bytes.count * 8)).contains(bits) else { return false }
        let (whole, rest) = bits.quotientAndRemainder(dividingBy: 8)
        guard bytes[..<whole] == network.bytes[..<whole] else { return false }
        return rest == 0 || (bytes[whole] ^ network.bytes[whole]) >> (8 - rest) == 0
    }

    /// Where PTR records of it stand (RFC 1035, section 3.5; RFC 3596, section 2.5).
    var reverseName: String {
        isSix
            ? nibbles.reversed().joined(separator: ".") + ".ip6.arpa"
            : bytes.reversed().map(String.init).joined(separator: ".") + ".in-addr.arpa"
    }

    /// As SPF's macro `i` has it (RFC 7208, section 7.3).
    var dotted: String { isSix ? nibbles.joined(separator: ".") : bytes.map(String.init).joined(separator: ".") }

    private var nibbles: [String] { bytes.flatMap { [String($0 >> 4, radix: 16), String($0 & 15, radix: 16)] } }

    private static func four(_ text: some StringProtocol) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4, parts.allSatisfy({ (1...3).contains($0.count) && $0.allSatisfy(\.isWholeNumber) })
        else {
            return nil
        }
        let bytes = parts.compactMap { UInt8($0) }
        return bytes.count == 4 ? bytes : nil
    }

    private static func six(_ text: some StringProtocol) -> [UInt8]? {
        let halves = String(text).split(separator: "::", omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return nil }
        let groups = halves.map(Self.groups)
        guard let head = groups[0] else { return nil }
        guard groups.count == 2 else { return head.count == 16 ? head : nil }
        guard let tail = groups[1], head.count + tail.count <= 14 else { return nil }
        return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    /// The bytes of `a:b:192.0.2.1`.
    private static func groups(_ text: some StringProtocol) -> [UInt8]? {
        guard !text.isEmpty else { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var bytes: [UInt8] = []
        for (index, part) in parts.enumerated() {
            if index == parts.count - 1, part.contains("."), let four = four(part) {
                bytes += four
            } else if (1...4).contains(part.count), let group = UInt16(part, radix: 16) {
                bytes += [UInt8(group >> 8), UInt8(group & 255)]
            } else {
                return nil
            }
        }
        return bytes
    }
}
