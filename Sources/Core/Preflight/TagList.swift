/// `v=DMARC1; p=none`, as DKIM, DMARC and BIMI write their records (RFC 6376, section 3.2).
struct TagList: Hashable {
    private let tags: [(name: String, value: String)]

    /// Nil where something is no tag, or stands twice.
    init?(_ text: String) {
        var tags: [(name: String, value: String)] = []
        for part in text.split(separator: ";", omittingEmptySubsequences: false) {
            let part = part.trimmingBlanks
            if part.isEmpty { continue }
            guard let equals = part.firstIndex(of: "=") else { return nil }
            let name = String(part[..<equals].trimmingBlanks)
            guard !name.isEmpty, !tags.contains(where: { $0.name == name }) else { return nil }
            tags.append((name, String(part[part.index(after: equals)...].trimmingBlanks)))
        }
        self.tags = tags
    }

    var first: (name: String, value: String)? { tags.first }
    var names: [String] { tags.map(\.name) }

    subscript(name: String) -> String? { tags.first { $0.name == name }?.value }

    static func == (a: Self, b: Self) -> Bool { a.tags.elementsEqual(b.tags, by: ==) }

    func hash(into hasher: inout Hasher) { hasher.combine(tags.map(\.name)) }
}

extension StringProtocol {
    var trimmingBlanks: SubSequence {
        var text = self[...]
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}
