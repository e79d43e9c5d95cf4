import Model

/// A contact that has whatever an e-mail asks for.
struct SampleContact {
    /// Where nobody is (RFC 2606).
    static let address = "anne@example.com"

    private let fields: [String]

    /// - Parameter fields: names as templates write them: `contact.first_name`, `event.properties.total`.
    init(_ fields: Set<String>) { self.fields = fields.sorted() }

    var attributes: [String: JSON] { tree(below: "contact.").object ?? [:] }
    /// The properties of the event that began it.
    var event: JSON { tree(below: "event.properties.") }

    private func tree(below prefix: String) -> JSON {
        fields.filter { $0.hasPrefix(prefix) }.reduce(.object([:])) { tree, field in
            Self.put(field.dropFirst(prefix.count).split(separator: ".").map(String.init), into: tree)
        }
    }

    /// A name that others stand below becomes an object.
    private static func put(_ path: [String], into tree: JSON) -> JSON {
        guard let first = path.first else { return tree }
        var members = tree.object ?? [:]
        if path.count > 1 {
            members[first] = put(Array(path.dropFirst()), into: members[first] ?? .object([:]))
        } else if members[first] == nil {
            members[first] = .string(value(of: first))
        }
        return .object(members)
    }

    private static let known = [
        "email": address, "first_name": "Anne", "firstName": "Anne", "last_name": "Jansen", "lastName": "Jansen",
        "name": "Anne Jansen", "company": "Example Ltd", "city": "Utrecht", "country": "the Netherlands",
        "locale": "en",
    ]

    private static func value(of name: String) -> String {
        if let value = known[name] { return value }
        let lower = name.lowercased()
        func names(_ words: String...) -> Bool { words.contains { lower.contains($0) } }
        if names("url", "link", "image") { return "https://www.example.com/\(lower)" }
        if names("date", "_at", "_on") { return "2 March" }
        if names("price", "total", "amount", "count", "points", "number", "quantity") { return "42" }
        return name.split(separator: "_").joined(separator: " ")
    }
}
