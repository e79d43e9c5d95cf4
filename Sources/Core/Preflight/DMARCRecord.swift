/// What a domain asks of receivers where a mail is not shown to be its own (RFC 9989, section 4.7).
struct DMARCRecord: Hashable {
    enum Policy: String, Hashable, Comparable {
        case none, quarantine, reject

        private var rank: Int { self == .none ? 0 : self == .quarantine ? 1 : 2 }

        static func < (a: Self, b: Self) -> Bool { a.rank < b.rank }
    }

    /// What receivers go by; `none` where there is no readable `p`.
    private(set) var policy = Policy.none
    /// Of names below it; nil: the same.
    private(set) var subdomainPolicy: Policy?
    /// Whether `d=` must equal the address's domain.
    private(set) var isStrictForDKIM = false
    /// The same of the return path.
    private(set) var isStrictForSPF = false
    /// Whether receivers are to weaken the policy by a step, for trying it.
    private(set) var isTesting = false
    /// `y`, `n` or `u`: whether names below it are others'.
    private(set) var publicSuffix: Character = "u"
    /// Where reports are to go.
    private(set) var reportAddresses: [String] = []
    /// What is wrong with it, in words.
    private(set) var faults: [String] = []

    static func isOne(_ text: String) -> Bool {
        let version = text.prefix { $0 != ";" }.filter { !$0.isWhitespace }
        return version == "v=DMARC1"
    }

    /// Nil where it cannot be read at all, so that receivers pass over it.
    init?(_ text: String) {
        guard let tags = TagList(text), tags["v"] == "DMARC1" else { return nil }
        if let value = policy(tags, "p") {
            policy = value
        } else if tags["p"] == nil {
            faults.append("there is no p, which receivers take for p=none")
        }
        subdomainPolicy = policy(tags, "sp")
        _ = policy(tags, "np")
        isStrictForDKIM = choice(tags, "adkim", of: ["r", "s"]) == "s"
        isStrictForSPF = choice(tags, "aspf", of: ["r", "s"]) == "s"
        isTesting = choice(tags, "t", of: ["y", "n"]) == "y"
        publicSuffix = choice(tags, "psd", of: ["y", "n", "u"])?.first ?? "u"
        for name in ["rua", "ruf"] { readAddresses(tags, name) }
        let removed = ["pct", "rf", "ri"].filter { tags[$0] != nil }
        if !removed.isEmpty {
            faults.append(
                "\(removed.joined(separator: ", ")) \(removed.count == 1 ? "is" : "are") no part of DMARC any more (RFC 9989)"
            )
        }
    }

    private mutating func policy(_ tags: TagList, _ name: String) -> Policy? {
        guard let value = choice(tags, name, of: ["none", "quarantine", "reject"]) else { return nil }
        return Policy(rawValue: value)
    }

    private mutating func choice(_ tags: TagList, _ name: String, of values: [String]) -> String? {
        guard let value = tags[name]?.lowercased() else { return nil }
        if values.contains(value) { return value }
        faults.append("\(name)=\(value) is none of \(values.joined(separator: ", "))")
        return nil
    }

    private mutating func readAddresses(_ tags: TagList, _ name: String) {
        guard let value = tags[name] else { return }
        for uri in value.split(separator: ",") {
            let uri = uri.trimmingBlanks
            guard uri.lowercased().hasPrefix("mailto:"), let at = uri.lastIndex(of: "@"),
                uri[uri.index(after: at)...].contains(".")
            else {
                faults.append("\(name)=\(uri) is no mailto: address")
                continue
            }
            // A limit of size may stand behind it, as RFC 7489 had it.
            reportAddresses.append(String(uri.dropFirst("mailto:".count).prefix { $0 != "!" }))
        }
    }
}
