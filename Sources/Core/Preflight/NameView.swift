import Networks

/// A question to DNS.
public struct NameQuestion: Sendable, Hashable, Comparable {
    /// What is asked for.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case txt = "TXT"
        case a = "A"
        case aaaa = "AAAA"
        case mx = "MX"
        case ptr = "PTR"
        case cname = "CNAME"
    }

    /// In lower case, without a dot at its end.
    public let name: String
    public let kind: Kind

    public init(_ name: String, _ kind: Kind) {
        var name = name.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        (self.name, self.kind) = (name, kind)
    }

    public static func < (a: Self, b: Self) -> Bool { (a.name, a.kind.rawValue) < (b.name, b.kind.rawValue) }
}

/// What DNS says.
public enum NameAnswer: Sendable, Hashable {
    /// Texts, addresses, names, or for MX `PREFERENCE HOST`; at least one.
    case records([String])
    /// Nothing of the kind.
    case nothing
    /// Nobody knows, and why.
    case failed(String)

    /// The records; none where there are none or nobody knows.
    var values: [String] { if case .records(let values) = self { values } else { [] } }
}

/// What is known of DNS so far, and what has been asked beyond it.
///
/// Checks are functions of it: who runs them asks DNS what was missing and runs them again, until nothing is.
public struct NameView: Sendable {
    private let known: [NameQuestion: NameAnswer]
    /// What was asked for and is not known yet.
    public private(set) var missing: Set<NameQuestion> = []

    public init(_ known: [NameQuestion: NameAnswer] = [:]) { self.known = known }

    /// `nothing` where it is not known yet: findings count only once nothing is missing.
    mutating func answer(_ name: String, _ kind: NameQuestion.Kind) -> NameAnswer {
        let question = NameQuestion(name, kind)
        guard Self.isAskable(question.name) else { return .nothing }
        if let answer = known[question] { return answer }
        missing.insert(question)
        return .nothing
    }

    mutating func texts(_ name: String) -> [String] { answer(name, .txt).values }

    /// Of both families.
    mutating func addresses(_ name: String) -> [NetworkAddress] {
        (answer(name, .a).values + answer(name, .aaaa).values).compactMap { NetworkAddress($0) }
    }

    /// By preference; hosts in lower case, "" for the null MX (RFC 7505).
    mutating func exchanges(_ name: String) -> [String] {
        answer(name, .mx).values.compactMap { value -> (Int, String)? in
            let parts = value.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let preference = Int(parts[0]) else { return nil }
            return (preference, parts[1].lowercased())
        }.sorted { $0 < $1 }.map(\.1)
    }

    /// What can stand in a question at all.
    private static func isAskable(_ name: String) -> Bool {
        name.utf8.count <= 253
            && name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy {
                (1...63).contains($0.utf8.count)
            }
    }
}
