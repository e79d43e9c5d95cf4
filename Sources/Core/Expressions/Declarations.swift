/// What names mean: in Loods those of contacts and their history; in standard CEL those that are declared.
struct Declarations {
    /// nil for standard CEL.
    var scope: Scope?
    var vocabulary = Vocabulary.unchecked
    /// Declared variables by qualified name.
    var variables: [String: ValueType] = [:]
    /// Declared functions, which have no implementation.
    var functions: [String: [DeclaredFunction]] = [:]
    /// The namespace that names are looked up in, from the inside out.
    var container = ""
    /// Without a check every type is known only when the expression runs, and so is every error.
    var isChecked = true

    /// What a name may stand for, the innermost namespace first; a leading dot names the outermost.
    func candidates(for name: String) -> [String] {
        if name.hasPrefix(".") { return [String(name.dropFirst())] }
        var candidates: [String] = []
        var namespace = container.split(separator: ".")[...]
        while !namespace.isEmpty {
            candidates.append(namespace.joined(separator: ".") + "." + name)
            namespace.removeLast()
        }
        return candidates + [name]
    }

    /// Names of types are values, save `dyn`, which is no type that a value can have.
    static let types: Set<String> = [
        "bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type", "optional_type",
        "google.protobuf.Timestamp", "google.protobuf.Duration", "net.IP", "net.CIDR",
    ]
}

/// A function that is known by its type only. A parameter of the type is `named("$T", [])`.
struct DeclaredFunction {
    var parameters: [ValueType]
    var result: ValueType

    /// The type of the answer to operands of these types; nil when they are not what it takes.
    func answer(to types: [ValueType]) -> ValueType? {
        guard types.count == parameters.count else { return nil }
        var bound: [String: ValueType] = [:]
        for (parameter, type) in zip(parameters, types) {
            guard Self.match(parameter, type, &bound) else { return nil }
        }
        return Self.substitute(result, bound)
    }

    private static func match(_ parameter: ValueType, _ type: ValueType, _ bound: inout [String: ValueType]) -> Bool {
        switch (parameter, type) {
        case (.named(let name, []), _) where name.hasPrefix("$"):
            bound[name] = bound[name]?.joined(with: type) ?? type
            return true
        case (.list(let left), .list(let right)): return match(left, right, &bound)
        case (.map(let leftKey, let leftValue), .map(let rightKey, let rightValue)):
            return match(leftKey, rightKey, &bound) && match(leftValue, rightValue, &bound)
        case (.named(let left, let leftParts), .named(let right, let rightParts))
        where left == right && leftParts.count == rightParts.count:
            return zip(leftParts, rightParts).allSatisfy { match($0, $1, &bound) }
        default: return type.fits(parameter)
        }
    }

    private static func substitute(_ type: ValueType, _ bound: [String: ValueType]) -> ValueType {
        switch type {
        case .named(let name, []) where name.hasPrefix("$"): bound[name] ?? .dyn
        case .named(let name, let parts): .named(name, parts.map { substitute($0, bound) })
        case .list(let element): .list(substitute(element, bound))
        case .map(let key, let value): .map(key: substitute(key, bound), value: substitute(value, bound))
        default: type
        }
    }
}
