import Model

/// A part of a JSON Schema (draft 2020-12), written in few words.
indirect enum Shape: Sendable {
    /// Whatever reads as text: YAML takes `2026` and `true` for other things.
    case text(String? = nil)
    /// - Parameter among: the types that are taken; the pattern is for texts.
    case pattern(String, about: String? = nil, among: [String] = ["string"])
    case number
    case whole(from: Int)
    case flag
    case oneOf([String])
    case list(Shape)
    /// Values by keys; keys with a star must be there.
    case object(KeyValuePairs<String, Shape>, closed: Bool = true)
    case map(Shape)
    /// A text, a number, true, false or null.
    case value
    case any([Shape])
    case anything
    case named(String)

    static let condition = Shape.text("A condition in CEL.")
    static let name = Shape.pattern("^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", among: scalars)
    private static let scalars = ["string", "number", "boolean"]
    static let clock = Shape.pattern("^([01][0-9]|2[0-3]):[0-5][0-9]$", about: "HH:MM in quotes, such as \"09:00\".")
    static let language = Shape.pattern(
        "^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$", about: "A language tag: en, nl, nl-BE.", among: scalars)
    static let span = Shape.pattern("^([0-9]+(w|d|h|ms|m|us|s))+$", about: "A length of time: 2d, 36h, 1d12h.")

    var json: JSON {
        switch self {
        case .text(let about): described(["type": Self.types(Self.scalars)], about)
        case .pattern(let pattern, let about, let types):
            described(["type": Self.types(types), "pattern": .string(pattern)], about)
        case .number:
            .object(["type": Self.types(["number", "string"]), "pattern": .string("^-?[0-9]+([.][0-9]+)?$")])
        case .whole(let least):
            .object([
                "type": Self.types(["integer", "string"]), "minimum": .int(Int64(least)),
                "pattern": .string("^-?[0-9]+$"),
            ])
        case .flag: .object(["enum": .array([.bool(true), .bool(false), .string("true"), .string("false")])])
        case .value: .object(["type": Self.types(Self.scalars + ["null"])])
        case .oneOf(let values): .object(["enum": .array(values.map { .string($0) })])
        case .list(let element): .object(["type": .string("array"), "items": element.json])
        case .object(let members, let isClosed): object(members, isClosed)
        case .map(let value): .object(["type": .string("object"), "additionalProperties": value.json])
        case .any(let shapes): .object(["anyOf": .array(shapes.map(\.json))])
        case .anything: .object([:])
        case .named(let name): .object(["$ref": .string("#/$defs/\(name)")])
        }
    }

    private static func types(_ names: [String]) -> JSON {
        names.count == 1 ? .string(names[0]) : .array(names.map { .string($0) })
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
