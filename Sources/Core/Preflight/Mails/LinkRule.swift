import Networks

/// What is wrong with where a link leads.
enum LinkRule {
    /// - Parameter shown: what stands in its place, where that is known.
    static func finding(_ target: String, shown: String?) -> PreflightFinding? {
        let target = String(target.trimmingBlanks)
        let name = shown.map { $0.isEmpty ? target : $0 } ?? target
        func found(_ severity: PreflightFinding.Severity, _ message: String, _ help: String? = nil) -> PreflightFinding
        {
            PreflightFinding(severity, "links", message, help: help)
        }
        if target.isEmpty || target == "#" {
            return found(.error, "the link \"\(short(name))\" leads nowhere", "give it an address, or take it out")
        }
        if target.contains("{{") || target.contains("*|") || target.contains("[[") {
            return found(.error, "the link \"\(short(target))\" holds a merge field that nothing fills")
        }
        guard let colon = target.firstIndex(of: ":"),
            target[..<colon].allSatisfy({ $0.isLetter || $0.isNumber || "+.-".contains($0) })
        else {
            if target.hasPrefix("#") { return nil }
            return found(
                .error, "the link \"\(short(target))\" has no host: mails stand on no site", "begin it with https://")
        }
        switch target[..<colon].lowercased() {
        case "mailto", "tel", "sms", "cid": return nil
        case "http", "https": break
        case let scheme:
            return found(
                .warning, "the link \"\(short(target))\" is of the kind \(scheme):, which many programs do not open")
        }
        guard let host = host(target[target.index(after: colon)...]) else {
            return found(.error, "the link \"\(short(target))\" is malformed")
        }
        if isLocal(host) {
            return found(.error, "the link \"\(short(target))\" leads to \(host), which only your own machine knows")
        }
        guard target.lowercased().hasPrefix("http:") else { return nil }
        return found(.warning, "the link \"\(short(target))\" is not encrypted", "https://")
    }

    /// Nil where there is none, or one that cannot be.
    private static func host(_ rest: Substring) -> String? {
        guard rest.hasPrefix("//") else { return nil }
        let authority = rest.dropFirst(2).prefix { !"/?#".contains($0) }
        guard !rest.contains(where: \.isWhitespace) else { return nil }
        let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        if host.hasPrefix("[") { return host.contains("]") ? String(host.prefix { $0 != "]" }.dropFirst()) : nil }
        let name = host.prefix { $0 != ":" }
        guard !name.isEmpty, name.utf8.count <= 253,
            name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy({ (1...63).contains($0.utf8.count) }
            )
        else { return nil }
        return name.lowercased()
    }

    /// Networks that the internet does not reach (RFC 6890).
    private static let own = ["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1", "fc00::/7"]
        .compactMap { Network($0) }

    private static func isLocal(_ host: String) -> Bool {
        if let address = NetworkAddress(host) {
            return own.contains { $0.contains(address) }
        }
        return host == "localhost" || [".localhost", ".local", ".internal"].contains { host.hasSuffix($0) }
    }

    static func short(_ text: String) -> String { text.count > 60 ? "\(text.prefix(57))…" : text }
}
