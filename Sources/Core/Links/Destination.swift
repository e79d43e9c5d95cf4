/// Where a click may lead.
public enum Destination {
    /// Whether `url` is absolute, `http` or `https`, with a plain host (and port), in printable ASCII of at most 2,048
    /// bytes.
    ///
    /// User names, backslashes, spaces and everything beyond ASCII are refused: browsers read them in ways that differ
    /// from RFC 3986 (`https:/\evil`, `https://shop@evil`, full-width dots). International hosts are written in
    /// Punycode, other characters percent-encoded.
    public static func isAllowed(_ url: some StringProtocol) -> Bool {
        let bytes = Array(url.utf8)
        guard bytes.count <= 2048, bytes.allSatisfy({ (0x21...0x7E).contains($0) && !#"\"<>`{}|^"#.utf8.contains($0) })
        else { return false }
        let text = url.lowercased()
        guard let scheme = ["https://", "http://"].first(where: text.hasPrefix) else { return false }
        let authority = text.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
        let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let host = parts.first, isHost(host) else { return false }
        return parts.count == 1
            || parts[1].utf8.allSatisfy { (48...57).contains($0) } && UInt16(parts[1]).map { $0 > 0 } == true
    }

    private static func isHost(_ host: Substring) -> Bool {
        !host.isEmpty && host.utf8.count <= 253 && !host.contains("..") && !host.hasPrefix(".")
            && host.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: ".")
                    || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            }
    }
}
