/// What a checked template is made of.
indirect enum TemplateNode: Sendable {
    case literal([UInt8])
    case field(MergeField)
    /// For each element of a list, or once where the value is there; inverted, where it is not.
    case section(FieldPath, isInverted: Bool, [TemplateNode])
    /// What is put in from outside, as it is.
    case insert(String)
    /// One of several, by its name; see ``TemplateBlock``.
    case block(String, fallback: String, variants: [String: [TemplateNode]])
}

/// A value that is written.
struct MergeField: Sendable {
    var path: FieldPath
    /// Whether it stands where a URL's scheme does.
    var beginsURL: Bool
    /// What is written where the value has no text, escaped already.
    var fallback: [UInt8]
}

/// The name of a value: `contact.first_name`, or `.` for the value at hand.
struct FieldPath: Sendable, Hashable {
    /// Looked for in the value at hand, then in those around it; nil for the value at hand itself.
    let first: String?
    /// Looked for in what `first` gave.
    let rest: [String]

    init(_ name: String) {
        let parts = name == "." ? [] : name.split(separator: ".").map(String.init)
        first = parts.first
        rest = Array(parts.dropFirst())
    }
}
