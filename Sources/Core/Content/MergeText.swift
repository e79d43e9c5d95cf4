import Model

extension JSON {
    /// The value as readers see it; lists and objects have no text.
    var mergeText: String {
        switch self {
        case .null, .array, .object: ""
        case .bool(let value): value ? "true" : "false"
        case .int(let value): String(value)
        case .double(let value): Int64(exactly: value).map(String.init) ?? String(value)
        case .string(let value): value
        }
    }
}

extension String {
    /// White space and control characters of any length as one space each, none at the ends.
    var oneLine: String {
        unicodeScalars.split { $0.properties.isWhitespace || $0.properties.generalCategory == .control }
            .map(String.init).joined(separator: " ")
    }
}

/// The addresses that a merge field may put into a link.
enum MergeURL {
    static let schemes = ["http", "https", "mailto", "tel"]
    static let list = "http, https, mailto and tel"

    /// `text` where it is relative or has a harmless scheme, else "#". Browsers skip spaces and controls in schemes.
    static func safe(_ text: String) -> String {
        let scheme = text.unicodeScalars.filter { $0.value > 0x20 }.prefix { !"/?#".unicodeScalars.contains($0) }
        guard let colon = scheme.firstIndex(of: ":") else { return text }
        let name = String(String.UnicodeScalarView(scheme[..<colon])).lowercased()
        return schemes.contains(name) ? text : "#"
    }
}
