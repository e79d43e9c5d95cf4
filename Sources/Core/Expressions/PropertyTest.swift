public import Model

/// A condition that compares one property of the event with a constant, and asks for nothing else: what most rules of scores
/// are. It is answered from the property alone.
///
/// A reference, so that going through many of them copies none of their texts.
public final class PropertyTest: Sendable {
    private enum Comparison {
        case order(BinaryOperator)
        case text(BuiltinFunction, String)
    }

    /// Where the property lies, below `event.properties`.
    public let path: [String]
    private let comparison: Comparison
    private let constant: Value

    fileprivate init?(_ program: Program) {
        guard program.operations.count == 1 else { return nil }
        let (place, constant): (FieldPath, Value)
        switch program.operations.base[0] {
        case .compare(let symbol, let path, let number) where symbol.isComparison:
            (place, constant) = (program.tables.paths[path], program.tables.constants[number])
            comparison = .order(symbol)
        case .test(let function, let path, let number):
            (place, constant) = (program.tables.paths[path], program.tables.constants[number])
            guard case .string(let part) = constant else { return nil }
            comparison = .text(function, part)
        default: return nil
        }
        switch constant {
        case .int, .double, .string, .bool: self.constant = constant
        default: return nil
        }
        let fields = place.fields.map { program.tables.fields[$0].text }
        guard place.root == .event, fields.count > 1, fields[0] == "properties" else { return nil }
        path = Array(fields.dropFirst())
    }

    /// Whether the condition is true of what the property says; nil: of an event that has none. Where the condition comes to
    /// an error it is not.
    public func holds(of property: JSON?) -> Bool {
        guard let property else { return false }
        switch comparison {
        case .text(let function, let part):
            if case .string(let text) = property { return function.find(part, in: text) } else { return false }
        case .order(let symbol):
            var budget = StepBudget()
            return (try? Machine.holds(symbol, Value(property), constant, &budget)) ?? false
        }
    }
}

extension Expression {
    /// The same condition, where it is one of a property.
    public var propertyTest: PropertyTest? { ValueType.bool.fits(expected) ? PropertyTest(program) : nil }
}

extension BinaryOperator {
    fileprivate var isComparison: Bool {
        switch self {
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: true
        default: false
        }
    }
}
