import Model

/// Values and types in protobuf's JSON form (`cel.expr.Value`, `cel.expr.Type`).
enum ConformanceValue {
    static func value(_ json: JSON) throws(ConformanceError) -> Value {
        guard let (kind, content) = json.object?.first else { throw ConformanceError("a value without a kind") }
        switch kind {
        case "list_value":
            var values: [Value] = []
            for element in content["values"]?.array ?? [] { values.append(try value(element)) }
            return .list(values)
        case "map_value":
            var entries: [MapValue.Entry] = []
            for entry in content["entries"]?.array ?? [] {
                guard let key = entry["key"], let content = entry["value"] else {
                    throw ConformanceError("an entry without key or value")
                }
                entries.append(MapValue.Entry(key: try value(key), value: try value(content)))
            }
            return .map(MapValue(entries: entries))
        case "object_value": return try object(content)
        default:
            guard let scalar = scalar(kind, content) else { throw ConformanceError("\(kind) is not understood") }
            return scalar
        }
    }

    private static func scalar(_ kind: String, _ content: JSON) -> Value? {
        let text = content.string ?? (content.number.map { $0.celText } ?? "")
        return switch kind {
        case "null_value": .null
        case "bool_value": if case .bool(let value) = content { .bool(value) } else { nil }
        case "int64_value": Int64(text).map { .int($0) }
        case "uint64_value": UInt64(text).map { .uint($0) }
        case "double_value": (content.number ?? Double(text)).map { .double($0) }
        case "string_value": content.string.map { .string($0) }
        case "bytes_value": content.string.flatMap { base64($0) }
        case "type_value": content.string.map { .type($0) }
        default: nil
        }
    }

    private static func base64(_ text: String) -> Value? {
        var budget = StepBudget()
        return try? BuiltinFunction.base64Decode.apply(to: [.string(text)], &budget)
    }

    /// Of messages only those that CEL has types of its own for.
    private static func object(_ content: JSON) throws(ConformanceError) -> Value {
        let text = content["value"]?.string ?? ""
        switch content["@type"]?.string {
        case "type.googleapis.com/google.protobuf.Timestamp":
            if let moment = Moment(rfc3339: text), let value = try? Value.timestamp(moment) { return value }
        case "type.googleapis.com/google.protobuf.Duration":
            if let moment = Moment(durationLiteral: text), let value = try? Value.duration(moment) { return value }
        default: break
        }
        throw ConformanceError("the message \(content["@type"]?.string ?? "?") is not understood")
    }

    // MARK: Types

    static func type(_ json: JSON) throws(ConformanceError) -> ValueType {
        guard let (kind, content) = json.object?.first else { return .dyn }
        switch kind {
        case "primitive", "well_known", "wrapper":
            guard let type = names[content.string ?? ""] else { break }
            return type
        case "dyn": return .dyn
        case "null": return .null
        case "type": return .type
        case "type_param": return .named("$" + (content.string ?? ""), [])
        case "list_type": return .list(try content["elem_type"].map(type) ?? .dyn)
        case "map_type":
            return .map(
                key: try content["key_type"].map(type) ?? .dyn, value: try content["value_type"].map(type) ?? .dyn)
        case "abstract_type":
            let name = content["name"]?.string ?? ""
            let parameters = try types(content["parameter_types"])
            return name == "optional_type" ? .optional(parameters.first ?? .dyn) : .named(name, parameters)
        default: break
        }
        throw ConformanceError("the type \(kind) is not understood")
    }

    private static func types(_ json: JSON?) throws(ConformanceError) -> [ValueType] {
        var types: [ValueType] = []
        for element in json?.array ?? [] { types.append(try type(element)) }
        return types
    }

    static func function(_ json: JSON) throws(ConformanceError) -> DeclaredFunction {
        DeclaredFunction(parameters: try types(json["params"]), result: try json["result_type"].map(type) ?? .dyn)
    }

    private static let names: [String: ValueType] = [
        "BOOL": .bool, "INT64": .int, "UINT64": .uint, "DOUBLE": .double, "STRING": .string, "BYTES": .bytes,
        "TIMESTAMP": .timestamp, "DURATION": .duration,
    ]
}
