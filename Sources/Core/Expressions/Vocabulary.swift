public import Model

/// The names that a workspace knows; nil leaves a kind of name unchecked.
public struct Vocabulary: Sendable, Hashable {
    /// Names for `did`, `count`, `sum`, `first` and `last`.
    public var events: Set<String>?
    /// Names for `consented`.
    public var topics: Set<String>?
    /// Names for `score`.
    public var scores: Set<String>?
    /// Per score, names that `band` is compared with.
    public var bands: [String: Set<String>]?
    /// Names that `stage` is compared with.
    public var stages: Set<String>?
    /// Names that `persona` is compared with.
    public var personas: Set<String>?
    /// Names for `in_segment`.
    public var segments: Set<String>?
    /// How long the log is kept: the longest window that a question about the past may have; nil: for good.
    public var retention: Span?

    public init(
        events: Set<String>? = nil, topics: Set<String>? = nil, scores: Set<String>? = nil,
        stages: Set<String>? = nil, segments: Set<String>? = nil
    ) {
        self.events = events
        self.topics = topics
        self.scores = scores
        self.stages = stages
        self.segments = segments
    }

    /// Checks no names at all.
    public static let unchecked = Vocabulary()
}

/// Finds what somebody may have meant by a name that does not exist.
struct Spelling {
    private static let listLimit = 20

    /// `did you mean 'x'? topics are x, y`; nil when there is nothing to offer.
    static func help(for name: String, among known: some Collection<String>, called plural: String) -> String? {
        guard !known.isEmpty else { return "there are no \(plural)" }
        let sorted = known.sorted()
        let shown = sorted.prefix(listLimit).joined(separator: ", ")
        let list = "\(plural) are \(shown)" + (sorted.count > listLimit ? ", …" : "")
        return suggestion(for: name, among: sorted).map { "did you mean '\($0)'? \(list)" } ?? list
    }

    static func suggestion(for name: String, among known: some Collection<String>) -> String? {
        let limit = max(1, min(3, (name.count + 1) / 3))
        let nearest = known.map { (distance($0.lowercased(), name.lowercased()), $0) }.min { $0 < $1 }
        return nearest.flatMap { $0.0 <= limit ? $0.1 : nil }
    }

    /// Levenshtein distance.
    private static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right.prefix(64))
        var row = Array(0...right.count)
        for (i, character) in left.prefix(64).enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for j in right.indices {
                let substituted = diagonal + (character == right[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substituted, min(row[j], diagonal) + 1)
            }
        }
        return row[right.count]
    }
}
