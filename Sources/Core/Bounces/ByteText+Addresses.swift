extension ByteText {
    struct Address {
        /// As it is written.
        let text: String
        /// Where it stands.
        let range: Range<Int>
    }

    /// Whatever looks like an address (RFC 5321's dot-string at a domain), in its order.
    var addresses: some Sequence<Address> {
        bytes.indices.lazy.filter { bytes[$0] == UInt8(ascii: "@") }.compactMap(address)
    }

    /// The address around an `@`.
    private func address(around sign: Int) -> Address? {
        var start = sign
        while start > 0, Self.isLocal(bytes[start - 1]), sign - start < Self.longest { start -= 1 }
        while start < sign, Self.isTrimmed(bytes[start]) { start += 1 }
        var end = sign + 1
        while end < bytes.count, Self.isDomain(bytes[end]), end - sign < Self.longest { end += 1 }
        while end > sign + 1, !Self.isAlphanumeric(bytes[end - 1]) { end -= 1 }
        guard start < sign, end > sign + 1, Self.isAlphanumeric(bytes[sign + 1]) else { return nil }
        return Address(text: String(decoding: bytes[start..<end], as: UTF8.self), range: start..<end)
    }

    /// RFC 5321, section 4.5.3.1.2.
    private static let longest = 255

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (97...122).contains(byte | 0x20)
    }
    private static func isDomain(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }
    private static func isLocal(_ byte: UInt8) -> Bool { isAlphanumeric(byte) || atoms.contains(byte) }
    private static let atoms = Set("!#$%&'*+-/=?^_`{|}~.".utf8)
    /// What stands around addresses rather than in them.
    private static func isTrimmed(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "'") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "=")
    }
}

extension String {
    /// Of an address, what stands before the `@`, in lower case.
    var localPart: String { String(prefix { $0 != "@" }).lowercased() }

    /// Whether the address is one of those from which servers speak.
    var isServers: Bool {
        let local = localPart.filter { $0 != "-" && $0 != "_" && $0 != "." }
        return Self.servers.contains(local) || local.hasPrefix("mailerdaemon") || local.hasPrefix("postmaster")
    }

    private static let servers: Set<String> = [
        "postmaster", "mailerdaemon", "maildaemon", "mdaemon", "daemon", "mailadmin", "noreply", "abuse", "root",
    ]
}
