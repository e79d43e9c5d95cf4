/// A secret from which the keys of links are derived, under the id by which tokens name it.
public struct LinkSecret: Sendable {
    public var id: String
    public var bytes: [UInt8]

    public init(id: String, bytes: [UInt8]) {
        self.id = id
        self.bytes = bytes
    }

    /// Reads one or two `id:base64` entries, parted by a comma or white space: the first signs, all verify.
    ///
    /// Returns nil where an entry is malformed, ids repeat, or a secret is shorter than 16 bytes.
    public static func list(_ text: String) -> [LinkSecret]? {
        let entries = text.split { $0 == "," || $0.isWhitespace }
        guard (1...2).contains(entries.count) else { return nil }
        var secrets: [LinkSecret] = []
        for entry in entries {
            let parts = entry.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, let bytes = decode(parts[1]) else { return nil }
            secrets.append(LinkSecret(id: String(parts[0]), bytes: bytes))
        }
        return areUsable(secrets) ? secrets : nil
    }

    static func areUsable(_ secrets: [LinkSecret]) -> Bool {
        !secrets.isEmpty && Set(secrets.map(\.id)).count == secrets.count
            && secrets.allSatisfy { secret in
                secret.bytes.count >= 16 && (1...16).contains(secret.id.utf8.count)
                    && secret.id.utf8.allSatisfy { byte in
                        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
                    }
            }
    }

    /// Standard or URL-safe base64, padded or not.
    static func decode(_ text: Substring) -> [UInt8]? {
        var digits = text.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }
        while digits.last == "=" { digits.removeLast() }
        return Base64URL.decode(String(digits))
    }
}
