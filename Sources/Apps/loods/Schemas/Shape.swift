import Model

/// A part of a JSON Schema (draft 2020-12), written in few words.
indirect enum Shape: Sendable {
    case text(String? = nil)
    case pattern(String, about: String? = nil)
    case number
    case whole(from: Int)
    case flag
    case oneOf([String])
    case list(Shape)
    /// Values by keys; keys with a star must be there.
    case object(KeyValuePairs<String, Shape>, closed: Bool = true)
    case map(Shape)
    case any([Shape])
    case anything
    case named(String)

    static let condition = Shape.text("A condition in CEL.")
    static let name = Shape.pattern("^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
    static let span = Shape.pattern("^([0-9]+(w|d|h|ms|m|us|s))+$", about: "A length of time: 2d, 36h, 1d12h.")

    var json: JSON {
        switch self {
        case .text(let about): described(["type": .string("string")], about)
        case .pattern(let pattern, let about):
            described(["type": .string("string"), "pattern": .string(pattern)], about)
        case .number: .object(["type": .string("number")])
        case .whole(let least): .object(["type": .string("integer"), "minimum": .int(Int64(least))])
        case .flag: .object(["type": .string("boolean")])
        case .oneOf(let values): .object(["enum": .array(values.map { .string($0) })])
        case .list(let element): .object(["type": .string("array"), "items": element.json])
        case .object(let members, let isClosed): object(members, isClosed)
        case .map(let value): .object(["type": .string("object"), "additionalProperties": value.json])
        case .any(let shapes): .object(["anyOf": .array(shapes.map(\.json))])
        case .anything: .object([:])
        case .named(let name): .object(["$ref": .string("#/$defs/\(name)")])
        }
    }

    private func described(_ members: [String: JSON], _ about: String?) -> JSON {
        .object(members.merging(about.map { ["description": .string($0)] } ?? [:]) { own, _ in own })
    }

    private func object(_ members: KeyValuePairs<String, Shape>, _ isClosed: Bool) -> JSON {
        func key(_ text: String) -> String { text.hasSuffix("*") ? String(text.dropLast()) : text }
        let required = members.map(\.key).filter { $0.hasSuffix("*") }.map { JSON.string(key($0)) }
        var schema: [String: JSON] = [
            "type": .string("object"), "required": .array(required),
            "properties": .object(Dictionary(members.map { (key($0.key), $0.value.json) }) { first, _ in first }),
        ]
        if isClosed { schema["additionalProperties"] = .bool(false) }
        return .object(schema)
    }
}
