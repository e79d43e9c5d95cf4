import Model

extension Value {
    /// The value of a field; of an optional, optionally.
    func select(_ field: FieldName) throws(Fault) -> Value {
        if case .optional(let optional) = self {
            return try optional.value?.optionalSelect(field) ?? .optional(of: nil)
        }
        guard case .map(let map) = self else { throw Fault(.noSuchOverload, "\(typeName) has no fields") }
        guard let value = map.field(field) else { throw Fault(.noSuchKey, "no such key '\(field.text)'") }
        return value
    }

    /// `a.?b`
    func optionalSelect(_ field: FieldName) throws(Fault) -> Value {
        switch self {
        case .optional(let optional): return try optional.value?.optionalSelect(field) ?? self
        case .map(let map): return .optional(of: map.field(field))
        default: throw Fault(.noSuchOverload, "\(typeName) has no fields")
        }
    }

    func has(_ field: FieldName) throws(Fault) -> Bool {
        switch self {
        case .optional(let optional): return try optional.value?.has(field) ?? false
        case .map(let map): return map.contains(field)
        default: throw Fault(.noSuchOverload, "\(typeName) has no fields")
        }
    }

    func index(_ key: Value) throws(Fault) -> Value {
        switch self {
        case .optional: return try optionalIndex(key)
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

    /// `a[?b]`
    func optionalIndex(_ key: Value) throws(Fault) -> Value {
        switch self {
        case .optional(let optional): return try optional.value?.optionalIndex(key) ?? self
        case .list(let elements):
            guard let index = key.wholeNumber else {
                throw Fault(.noSuchOverload, "the index of a list is a whole number, not \(key.typeName)")
            }
            return .optional(of: elements.indices.contains(index) ? elements[index] : nil)
        case .map(let map): return .optional(of: map[key])
        default: throw Fault(.noSuchOverload, "\(typeName) has no elements")
        }
    }

    /// The record that a map is, without holding on to it.
    var record: Unmanaged<Record>? {
        guard case .map(let map) = self, case .record(let record) = map.storage else { return nil }
        return .passUnretained(record)
    }

    var wholeNumber: Int? {
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

    /// What `optional.ofNonZeroValue` holds for nothing.
    var isZero: Bool {
        switch self {
        case .null: true
        case .bool(let value): !value
        case .int(let value): value == 0
        case .uint(let value): value == 0
        case .double(let value): value == 0
        case .string(let value): value.isEmpty
        case .bytes(let value): value.isEmpty
        case .timestamp(let value, let nanos): value.microseconds == 0 && nanos == 0
        case .duration(let value, let nanos): value == .zero && nanos == 0
        case .list(let value): value.isEmpty
        case .map(let value): value.count == 0
        case .optional(let optional): optional.value == nil
        case .type, .network: false
        }
    }

    /// A list, without the elements whose `?` stands before nothing.
    init(listLiteral operands: [Value], optional flags: [Bool]) throws(Fault) {
        guard !flags.isEmpty else {
            self = .list(operands)
            return
        }
        var elements: [Value] = []
        for (operand, isOptional) in zip(operands, flags) {
            if let element = isOptional ? try operand.held() : operand { elements.append(element) }
        }
        self = .list(elements)
    }

    /// A map from keys and values in turn; a key may come once.
    init(mapLiteral operands: [Value], optional flags: [Bool]) throws(Fault) {
        var keys: Set<MapKey> = []
        var entries: [MapValue.Entry] = []
        for index in stride(from: 0, to: operands.count, by: 2) {
            let key = try operands[index].checkedKey()
            var value = operands[index + 1]
            if !flags.isEmpty, flags[index / 2] {
                guard let held = try value.held() else { continue }
                value = held
            }
            if let hashed = MapKey(key), !keys.insert(hashed).inserted {
                throw Fault(.invalidArgument, "a key comes twice")
            }
            entries.append(MapValue.Entry(key: key, value: value))
        }
        self = .map(MapValue(entries: entries))
    }

    func checkedKey() throws(Fault) -> Value {
        switch self {
        case .bool, .int, .uint, .string: return self
        default: throw Fault(.noSuchOverload, "the key of a map cannot be \(typeName)")
        }
    }

    /// The value in an optional.
    private func held() throws(Fault) -> Value? {
        guard case .optional(let optional) = self else {
            throw Fault(.noSuchOverload, "behind '?' stands an optional value, not \(typeName)")
        }
        return optional.value
    }
}
