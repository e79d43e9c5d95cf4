import Model

extension Value {
    func select(_ field: String) throws(Fault) -> Value {
        guard case .map(let map) = self else { throw Fault(.noSuchOverload, "\(typeName) has no fields") }
        guard let value = map[.string(field)] else { throw Fault(.noSuchKey, "no such key '\(field)'") }
        return value
    }

    func has(_ field: String) throws(Fault) -> Bool {
        guard case .map(let map) = self else { throw Fault(.noSuchOverload, "\(typeName) has no fields") }
        return map.contains(field: field)
    }

    func index(_ key: Value) throws(Fault) -> Value {
        switch self {
        case .list(let elements):
            guard let index = key.wholeNumber else {
                throw Fault(.noSuchOverload, "the index of a list is a whole number, not \(key.typeName)")
            }
            guard elements.indices.contains(index) else { throw Fault(.invalidArgument, "no such index") }
            return elements[index]
        case .map(let map):
            guard let value = map[key] else {
                throw Fault(.noSuchKey, "no such key" + (key.string.map { " '\($0)'" } ?? ""))
            }
            return value
        default: throw Fault(.noSuchOverload, "\(typeName) has no elements")
        }
    }

    private var wholeNumber: Int? {
        switch self {
        case .int(let value): Int(exactly: value)
        case .uint(let value): Int(exactly: value)
        case .double(let value): Int(exactly: value)
        default: nil
        }
    }

    func condition() throws(Fault) -> Bool {
        guard let bool else { throw Fault(.noSuchOverload, "a condition is bool, not \(typeName)") }
        return bool
    }

    /// A map from keys and values in turn; a key may come once.
    init(mapLiteral operands: [Value]) throws(Fault) {
        var map = MapValue(entries: [])
        var entries: [MapValue.Entry] = []
        for index in stride(from: 0, to: operands.count, by: 2) {
            let key = operands[index]
            switch key {
            case .bool, .int, .uint, .string: break
            default: throw Fault(.noSuchOverload, "the key of a map cannot be \(key.typeName)")
            }
            guard map[key] == nil else { throw Fault(.invalidArgument, "a key comes twice") }
            entries.append(MapValue.Entry(key: key, value: operands[index + 1]))
            map = MapValue(entries: entries)
        }
        self = .map(map)
    }
}
