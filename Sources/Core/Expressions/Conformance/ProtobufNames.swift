import Model

/// Finds the names of protobuf messages and type URLs in a case.
enum ProtobufNames {
    /// The first message or enum of protobuf that a case names in its expression, or in what its names mean and its value
    /// must be.
    static func first(in test: JSON) -> String? {
        if let tree = try? Parser.parse(SourceText(test["expr"]?.string ?? "")) {
            for case .message(let name, _) in tree.nodes.map(\.kind) { return name }
        }
        var texts = [test["expr"]?.string ?? ""]
        for member in ["type_env", "bindings", "value", "typed_result"] { collect(test[member] ?? .null, &texts) }
        return texts.lazy.compactMap(name).first
    }

    private static func collect(_ json: JSON, _ texts: inout [String]) {
        switch json {
        case .string(let text): texts.append(text)
        case .array(let elements): for element in elements { collect(element, &texts) }
        case .object(let members):
            for (key, member) in members.sorted(by: { $0.key < $1.key }) where key != "string_value" {
                if key == "enum_value" { texts.append("cel.expr.conformance.enum") }
                collect(member, &texts)
            }
        default: break
        }
    }

    private static func name(in text: String) -> String? {
        let words = text.split { !($0.isLetter || $0.isNumber || "._/".contains($0)) }.map(String.init)
        return words.first { word in
            let name = word.hasPrefix(urlPrefix) ? String(word.dropFirst(urlPrefix.count)) : word
            if ["google.protobuf.Timestamp", "google.protobuf.Duration"].contains(name) { return false }
            let parts = name.split(separator: ".")
            return word.hasPrefix(urlPrefix) || name.hasPrefix("google.protobuf.")
                || name.hasPrefix(".google.protobuf.") || name.contains("cel.expr.conformance.")
                || parts.contains { messages.contains(String($0)) }
        }
    }

    private static let urlPrefix = "type.googleapis.com/"

    /// The messages and enums of the suite (`cel.expr.conformance.proto2` and `proto3`).
    private static let messages: Set<String> = [
        "TestAllTypes", "NestedTestAllTypes", "TestRequired", "NestedMessage", "NestedEnum", "GlobalEnum",
        "Proto2ExtensionScopedMessage",
    ]
}
