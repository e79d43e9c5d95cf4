/// A pattern over the addresses of pages: `/docs/*`, `/docs/**` or `https://shop.example/docs/**`.
///
/// `*` stands for any text without a slash, `**` for any text. Query, fragment and a slash at the end do not count. A pattern
/// that begins with a slash fits the path on every host; one that names a host fits with `http` and `https`. `/docs/**` fits
/// `/docs` too.
public struct URLPattern: Sendable, Hashable {
    private enum Token: Hashable {
        case byte(UInt8)
        case withinSegment
        case anything
    }

    private static let longest = 512

    public let text: String
    private let host: [Token]?
    private let path: [Token]

    /// Returns nil for a text that is no pattern.
    init?(_ text: String) {
        guard text.utf8.count <= Self.longest, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            !text.contains(where: { "?#".contains($0) })
        else { return nil }
        self.text = text
        guard let parts = Parts(text) else { return nil }
        host = parts.host.map { Self.tokens($0.lowercased()) }
        var path = Substring(parts.path)
        if path.hasSuffix("/**") { path = path.dropLast(3) }
        let isOpen = path.utf8.count != parts.path.utf8.count
        self.path = Self.tokens(Parts.trimmed(String(path))) + (isOpen ? [.byte(UInt8(ascii: "/")), .anything] : [])
    }

    /// Whether the address of a page, or its path alone, fits.
    public func fits(_ address: String) -> Bool {
        guard let parts = Parts(address) else { return false }
        if let host {
            guard let name = parts.host, Self.fits(host[...], Array(name.lowercased().utf8)) else { return false }
        }
        // Behind "/docs/**" there is a slash to be found, in "/docs" as well.
        let address = Array(Parts.trimmed(parts.path).utf8)
        return Self.fits(path[...], path.last == .anything ? address + [UInt8(ascii: "/")] : address)
    }

    private static func tokens(_ text: String) -> [Token] {
        var tokens: [Token] = []
        for byte in text.utf8 {
            if byte != UInt8(ascii: "*") {
                tokens.append(.byte(byte))
            } else if tokens.last == .withinSegment {
                tokens[tokens.count - 1] = .anything
            } else if tokens.last != .anything {
                tokens.append(.withinSegment)
            }
        }
        return tokens
    }

    /// In time that grows with the product of the lengths: the places of the text that each token can end at, by turns.
    private static func fits(_ tokens: ArraySlice<Token>, _ text: [UInt8]) -> Bool {
        var reached = [Bool](repeating: false, count: text.count + 1)
        reached[0] = true
        for token in tokens {
            switch token {
            case .byte(let byte):
                for end in stride(from: text.count, to: 0, by: -1) {
                    reached[end] = reached[end - 1] && text[end - 1] == byte
                }
                reached[0] = false
            case .withinSegment, .anything:
                for end in 1..<max(1, text.count + 1) where !reached[end] {
                    reached[end] = reached[end - 1] && (token == .anything || text[end - 1] != UInt8(ascii: "/"))
                }
            }
        }
        return reached[text.count]
    }

    private struct Parts {
        var host: String?
        var path: String

        init?(_ address: String) {
            if address.hasPrefix("/") {
                path = Self.plain(address[...])
                return
            }
            guard let scheme = ["https://", "http://"].first(where: { address.lowercased().hasPrefix($0) }) else {
                return nil
            }
            let rest = address.dropFirst(scheme.count)
            let host = rest.prefix { !"/?#".contains($0) }
            guard !host.isEmpty else { return nil }
            self.host = String(host)
            path = Self.plain(rest.dropFirst(host.count))
        }

        private static func plain(_ text: Substring) -> String {
            let path = text.prefix { $0 != "?" && $0 != "#" }
            return path.isEmpty ? "/" : String(path)
        }

        static func trimmed(_ path: String) -> String {
            var path = Substring(path)
            while path.hasSuffix("/") { path = path.dropLast() }
            return String(path)
        }
    }
}
