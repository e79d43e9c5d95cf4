import Networks

/// A published policy of who may send (RFC 7208, section 4.6 and 12).
struct SPFRecord: Hashable {
    enum Qualifier: Character, Hashable {
        case pass = "+"
        case fail = "-"
        case softFail = "~"
        case neutral = "?"
    }

    enum Mechanism: Hashable {
        case all
        case include(String)
        /// Nil: the domain itself.
        case a(String?, four: Int, six: Int)
        case mx(String?, four: Int, six: Int)
        case ptr(String?)
        case address(Network)
        case exists(String)
    }

    struct Directive: Hashable {
        var qualifier: Qualifier
        var mechanism: Mechanism
    }

    var directives: [Directive] = []
    var redirect: String?

    struct Fault: Error, Hashable {
        var message: String
    }

    /// Whether a text is a policy, readable or not.
    static func isOne(_ text: String) -> Bool {
        let text = text.lowercased()
        return text == "v=spf1" || text.hasPrefix("v=spf1 ")
    }

    init(_ text: String) throws(Fault) {
        for term in text.split(separator: " ").dropFirst() { try read(String(term)) }
    }

    private mutating func read(_ term: String) throws(Fault) {
        if let equals = term.firstIndex(of: "="),
            term[..<equals].allSatisfy({ $0.isLetter || "-_.".contains($0) || $0.isNumber }),
            !term[..<equals].contains(where: { ":/".contains($0) })
        {
            let value = String(term[term.index(after: equals)...])
            guard term[..<equals].lowercased() == "redirect" else { return }
            guard redirect == nil, !value.isEmpty else {
                throw Fault(message: "\"\(term)\" is no redirect, or a second one")
            }
            redirect = value
            return
        }
        var rest = term[...]
        let qualifier = rest.first.flatMap { Qualifier(rawValue: $0) }
        if qualifier != nil { rest.removeFirst() }
        guard let mechanism = Self.mechanism(rest) else {
            throw Fault(message: "\"\(term)\" is no mechanism that SPF knows")
        }
        directives.append(Directive(qualifier: qualifier ?? .pass, mechanism: mechanism))
    }

    private static func mechanism(_ text: Substring) -> Mechanism? {
        let name = text.prefix { $0.isLetter || $0.isNumber }
        let rest = text[name.endIndex...]
        let value = rest.hasPrefix(":") ? rest.dropFirst() : nil
        switch name.lowercased() {
        case "all": return rest.isEmpty ? .all : nil
        case "include": return value.flatMap { $0.isEmpty ? nil : .include(String($0)) }
        case "exists": return value.flatMap { $0.isEmpty ? nil : .exists(String($0)) }
        case "ptr":
            return rest.isEmpty ? .ptr(nil) : value.flatMap { $0.isEmpty ? nil : .ptr(String($0)) }
        case "a", "mx":
            guard let (domain, four, six) = target(rest) else { return nil }
            return name.lowercased() == "a" ? .a(domain, four: four, six: six) : .mx(domain, four: four, six: six)
        case "ip4", "ip6": return value.flatMap { network($0, isSix: name.lowercased() == "ip6") }
        default: return nil
        }
    }

    private static func network(_ text: Substring, isSix: Bool) -> Mechanism? {
        guard let network = Network(text), network.base.isSix == isSix else { return nil }
        return .address(network)
    }

    /// `:domain`, `/24`, `//64`, and all three.
    private static func target(_ text: Substring) -> (domain: String?, four: Int, six: Int)? {
        var (rest, domain, four, six) = (text, String?.none, 32, 128)
        if rest.hasPrefix(":") {
            // A macro may hold slashes.
            rest = rest.dropFirst()
            var depth = 0
            let name = rest.prefix { character in
                if character == "{" { depth += 1 } else if character == "}" { depth -= 1 }
                return character != "/" || depth > 0
            }
            guard !name.isEmpty else { return nil }
            domain = String(name)
            rest = rest[name.endIndex...]
        }
        if rest.hasPrefix("/"), !rest.hasPrefix("//") {
            let digits = rest.dropFirst().prefix { $0 != "/" }
            guard let bits = Int(digits), (0...32).contains(bits) else { return nil }
            four = bits
            rest = rest[digits.endIndex...]
        }
        if rest.hasPrefix("//") {
            guard let bits = Int(rest.dropFirst(2)), (0...128).contains(bits) else { return nil }
            six = bits
            rest = ""
        }
        return rest.isEmpty ? (domain, four, six) : nil
    }
}
