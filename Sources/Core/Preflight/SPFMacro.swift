import Networks

/// Names in policies that depend on the mail (RFC 7208, section 7).
struct SPFMacro {
    /// Of the return path.
    var localPart = "postmaster"
    /// The return path's domain.
    var sender: String
    /// The domain whose policy it is.
    var domain: String
    var address: NetworkAddress?
    var helo: String

    /// Nil where it cannot be told: malformed, or of an address that is not known.
    func expand(_ text: String) -> String? {
        var (output, rest) = ("", text[...])
        while let percent = rest.firstIndex(of: "%") {
            output += rest[..<percent]
            rest = rest[percent...].dropFirst()
            switch rest.first {
            case "%": output += "%"
            case "_": output += " "
            case "-": output += "%20"
            case "{":
                guard let end = rest.firstIndex(of: "}"),
                    let value = value(rest[rest.index(after: rest.startIndex)..<end])
                else { return nil }
                output += value
                rest = rest[end...]
            default: return nil
            }
            rest = rest.dropFirst()
        }
        return output + rest
    }

    private func value(_ text: Substring) -> String? {
        guard let letter = text.first, let value = value(of: letter) else { return nil }
        var rest = text.dropFirst()
        let digits = rest.prefix(while: \.isWholeNumber)
        rest = rest[digits.endIndex...]
        let isReversed = rest.first.map { $0 == "r" || $0 == "R" } ?? false
        if isReversed { rest.removeFirst() }
        guard rest.allSatisfy({ ".-+,/_=".contains($0) }) else { return nil }
        let delimiters = rest.isEmpty ? "." : String(rest)
        var parts = value.split(omittingEmptySubsequences: false) { delimiters.contains($0) }
        if isReversed { parts.reverse() }
        if !digits.isEmpty {
            guard let count = Int(digits), count > 0 else { return nil }
            parts = parts.suffix(count)
        }
        return parts.joined(separator: ".")
    }

    private func value(of letter: Character) -> String? {
        switch letter.lowercased() {
        case "s": "\(localPart)@\(sender)"
        case "l": localPart
        case "o": sender
        case "d": domain
        case "i": address?.dotted
        case "v": address.map { $0.isSix ? "ip6" : "in-addr" }
        case "h": helo
        case "p": "unknown"
        default: nil
        }
    }
}
