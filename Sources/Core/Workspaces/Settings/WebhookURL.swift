/// The address of a webhook, taken apart.
public struct WebhookURL: Sendable, Hashable {
    /// The whole of it, with scheme and host in small letters.
    public let text: String
    public let isSecure: Bool
    /// In small letters.
    public let host: String
    public let port: Int

    /// Nil for what is no absolute `http` or `https` URL in printable ASCII of at most 2,000 bytes, with a plain host (and
    /// port). User names, fragments, backslashes and IPv6 addresses are refused: readers differ in how they take them.
    public init?(_ text: String) {
        guard text.utf8.count <= 2_000,
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !#"\<>`{}|^"#.utf8.contains($0) }),
            !text.contains("#"),
            let scheme = ["https://", "http://"].first(where: text.lowercased().hasPrefix)
        else { return nil }
        let authority = text.lowercased().dropFirst(scheme.count).prefix { !"/?".contains($0) }
        let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let host = parts.first, Self.isHost(host) else { return nil }
        self.text = scheme + authority + text.dropFirst(scheme.count + authority.count)
        isSecure = scheme == "https://"
        self.host = String(host)
        guard parts.count > 1 else {
            port = isSecure ? 443 : 80
            return
        }
        guard parts[1].utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(parts[1]), port > 0 else {
            return nil
        }
        self.port = Int(port)
    }

    private static func isHost(_ host: Substring) -> Bool {
        !host.isEmpty && host.utf8.count <= 253 && !host.contains("..") && !host.hasPrefix(".")
            && host.utf8.allSatisfy { $0.isLetterOrDigit || "-_.".utf8.contains($0) }
    }
}
