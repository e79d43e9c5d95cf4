/// What functions take and answer.
struct Overload: Sendable {
    enum Result: Sendable {
        case type(ValueType)
        /// The type of an operand.
        case operand(Int)
        case optionalOf(Int)
        /// What the first operand, an optional, holds, joined with the others.
        case held
        /// What all operands, or the elements of the one list, have in common.
        case common
    }

    var function: BuiltinFunction
    var parameters: [ValueType]
    var result: Result

    func answer(to types: [ValueType]) -> ValueType {
        switch result {
        case .type(let type): return type
        case .operand(let number): return types[number]
        case .optionalOf(let number): return .optional(types[number])
        case .held:
            guard case .optional(let held) = types[0] else { return .dyn }
            return types.dropFirst().reduce(held) { $0.joined(with: $1) }
        case .common:
            if types.count == 1, case .list(let element) = types[0] { return element }
            return types.reduce(.free) { $0.joined(with: $1) }
        }
    }
}

/// The functions of CEL and of its extensions, by name.
enum FunctionCatalog {
    /// Written before their operands: `size(x)`, `math.abs(x)`.
    static let functions: [String: [Overload]] = grouped(
        sizes(.size)
            + conversions + [("dyn", .dyn, [.dyn], .type(.dyn)), ("type", .type, [.dyn], .type(.type))]
            + [
                ("matches", .matches, [.string, .string], .type(.bool)),
                ("base64.encode", .base64Encode, [.bytes], .type(.string)),
                ("base64.decode", .base64Decode, [.string], .type(.bytes)),
                ("strings.quote", .quote, [.string], .type(.string)),
                ("optional.none", .optionalNone, [], .type(.optional(.free))),
                ("optional.of", .optionalOf, [.dyn], .optionalOf(0)),
                ("optional.ofNonZeroValue", .optionalOfNonZeroValue, [.dyn], .optionalOf(0)),
                ("ip", .ip, [.string], .type(address)), ("cidr", .cidr, [.string], .type(block)),
                ("isIP", .isIP, [.string], .type(.bool)), ("isCIDR", .isCIDR, [.string], .type(.bool)),
                ("ip.isCanonical", .isCanonical, [.string], .type(.bool)),
                ("string", .string, [address], .type(.string)), ("string", .string, [block], .type(.string)),
            ] + mathematics)

    /// Written behind the first operand: `x.size()`.
    static let methods: [String: [Overload]] = grouped(
        sizes(.size) + texts + times
            + [
                ("hasValue", .hasValue, [optional], .type(.bool)), ("value", .value, [optional], .held),
                ("or", .or, [optional, optional], .operand(0)), ("orValue", .orValue, [optional, .dyn], .held),
            ] + networks)

    private typealias Row = (String, BuiltinFunction, [ValueType], Overload.Result)

    private static let optional = ValueType.optional(.dyn)
    private static let list = ValueType.list(.dyn)
    private static let address = ValueType.named("net.IP", [])
    private static let block = ValueType.named("net.CIDR", [])

    private static func grouped(_ rows: [Row]) -> [String: [Overload]] {
        Dictionary(grouping: rows) { $0.0 }
            .mapValues { $0.map { Overload(function: $0.1, parameters: $0.2, result: $0.3) } }
    }

    private static func sizes(_ function: BuiltinFunction) -> [Row] {
        [.string, .bytes, list, .map(key: .dyn, value: .dyn)].map { ("size", function, [$0], .type(.int)) }
    }

    private static let conversions: [Row] = [
        ("int", BuiltinFunction.int, ValueType.int, [ValueType.int, .uint, .double, .string, .timestamp]),
        ("uint", .uint, .uint, [.int, .uint, .double, .string]),
        ("double", .double, .double, [.int, .uint, .double, .string]), ("bool", .bool, .bool, [.bool, .string]),
        ("string", .string, .string, [.string, .int, .uint, .double, .bool, .bytes, .timestamp, .duration]),
        ("bytes", .bytes, .bytes, [.bytes, .string]),
        ("timestamp", .timestamp, .timestamp, [.string, .int, .timestamp]),
        ("duration", .duration, .duration, [.string, .int, .duration]),
    ].flatMap { name, function, result, types in types.map { (name, function, [$0], .type(result)) } }

    private static let mathematics: [Row] = {
        let numbers: [ValueType] = [.int, .uint, .double]
        var rows: [Row] = []
        for (name, function) in [("math.greatest", BuiltinFunction.greatest), ("math.least", .least)] {
            rows += (numbers + [list]).map { (name, function, [$0], .common) }
        }
        for (name, function) in [("math.abs", BuiltinFunction.abs), ("math.sign", .sign)] {
            rows += numbers.map { (name, function, [$0], .operand(0)) }
        }
        rows += numbers.map { ("math.sqrt", .sqrt, [$0], .type(.double)) }
        let roundings: [(String, BuiltinFunction)] = [
            ("math.ceil", .ceil), ("math.floor", .floor), ("math.round", .round), ("math.trunc", .trunc),
        ]
        rows += roundings.map { ($0.0, $0.1, [.double], .type(.double)) }
        let tests: [(String, BuiltinFunction)] = [
            ("math.isNaN", .isNaN), ("math.isInf", .isInf), ("math.isFinite", .isFinite),
        ]
        rows += tests.map { ($0.0, $0.1, [.double], .type(.bool)) }
        for type in [ValueType.int, .uint] {
            let pairs: [(String, BuiltinFunction)] = [
                ("math.bitAnd", .bitAnd), ("math.bitOr", .bitOr), ("math.bitXor", .bitXor),
            ]
            rows += pairs.map { ($0.0, $0.1, [type, type], .type(type)) }
            rows.append(("math.bitNot", .bitNot, [type], .type(type)))
            rows.append(("math.bitShiftLeft", .bitShiftLeft, [type, .int], .type(type)))
            rows.append(("math.bitShiftRight", .bitShiftRight, [type, .int], .type(type)))
        }
        return rows
    }()

    private static let texts: [Row] = [
        ("startsWith", .startsWith, [.string, .string], .type(.bool)),
        ("endsWith", .endsWith, [.string, .string], .type(.bool)),
        ("contains", .contains, [.string, .string], .type(.bool)),
        ("matches", .matches, [.string, .string], .type(.bool)),
        ("charAt", .charAt, [.string, .int], .type(.string)),
        ("indexOf", .indexOf, [.string, .string], .type(.int)),
        ("indexOf", .indexOf, [.string, .string, .int], .type(.int)),
        ("lastIndexOf", .lastIndexOf, [.string, .string], .type(.int)),
        ("lastIndexOf", .lastIndexOf, [.string, .string, .int], .type(.int)),
        ("lowerAscii", .lowerAscii, [.string], .type(.string)),
        ("upperAscii", .upperAscii, [.string], .type(.string)),
        ("replace", .replace, [.string, .string, .string], .type(.string)),
        ("replace", .replace, [.string, .string, .string, .int], .type(.string)),
        ("split", .split, [.string, .string], .type(.list(.string))),
        ("split", .split, [.string, .string, .int], .type(.list(.string))),
        ("substring", .substring, [.string, .int], .type(.string)),
        ("substring", .substring, [.string, .int, .int], .type(.string)),
        ("trim", .trim, [.string], .type(.string)), ("reverse", .reverse, [.string], .type(.string)),
        ("join", .join, [.list(.string)], .type(.string)),
        ("join", .join, [.list(.string), .string], .type(.string)),
        ("format", .format, [.string, list], .type(.string)),
    ]

    private static let times: [Row] = {
        let parts: [(String, BuiltinFunction)] = [
            ("getDate", .getDate), ("getDayOfMonth", .getDayOfMonth), ("getDayOfWeek", .getDayOfWeek),
            ("getDayOfYear", .getDayOfYear), ("getFullYear", .getFullYear), ("getMonth", .getMonth),
            ("getHours", .getHours), ("getMinutes", .getMinutes), ("getSeconds", .getSeconds),
            ("getMilliseconds", .getMilliseconds),
        ]
        let ofTimestamps = parts.flatMap { name, function -> [Row] in
            [
                (name, function, [.timestamp], .type(.int)), (name, function, [.timestamp, .string], .type(.int)),
            ]
        }
        return ofTimestamps + parts.suffix(4).map { ($0.0, $0.1, [.duration], .type(.int)) }
    }()

    private static let networks: [Row] = {
        let properties: [(String, BuiltinFunction)] = [
            ("isUnspecified", .isUnspecified), ("isLoopback", .isLoopback), ("isGlobalUnicast", .isGlobalUnicast),
            ("isLinkLocalMulticast", .isLinkLocalMulticast), ("isLinkLocalUnicast", .isLinkLocalUnicast),
        ]
        let blocks: [Row] = [
            ("containsIP", .containsIP, [block, .string], .type(.bool)),
            ("containsIP", .containsIP, [block, address], .type(.bool)),
            ("containsCIDR", .containsCIDR, [block, .string], .type(.bool)),
            ("containsCIDR", .containsCIDR, [block, block], .type(.bool)),
            ("ip", .cidrIP, [block], .type(address)), ("masked", .masked, [block], .type(block)),
            ("prefixLength", .prefixLength, [block], .type(.int)), ("family", .family, [address], .type(.int)),
        ]
        return blocks + properties.map { ($0.0, $0.1, [address], .type(.bool)) }
    }()
}
