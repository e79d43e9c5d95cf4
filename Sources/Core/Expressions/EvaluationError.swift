public import Model

/// Why an expression has no value in one world; in CEL an error is a value, which `&&` and `||` may absorb.
public struct EvaluationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of fault it is.
    public enum Code: String, Sendable {
        /// A field or key that the map does not hold.
        case noSuchKey
        /// An operator or function on values for which it is not defined.
        case noSuchOverload
        /// A result beyond the range of its type.
        case overflow
        case divisionByZero
        /// An index outside its list, or a text that is not what the function reads.
        case invalidArgument
        /// `first` or `last` of an event that has not happened.
        case never
        /// The context gives no event, no run or no such variable, although the expression asks for it.
        case unavailable
        /// More than `Expression.stepLimit` steps.
        case budget
        /// The value is not of the type that the expression was declared to have.
        case unexpectedType
    }

    /// The kind of the fault.
    public var code: Code
    /// What is wrong, in one clause, without the position.
    public var message: String
    /// 1-based position within the source text, as in `ExpressionError`.
    public var line: Int
    public var column: Int
    /// Before this instant time alone cannot turn the error into a value; after `budget` an hour later, if windows or
    /// scores are read.
    public var validUntil: Timestamp

    /// `line:column: message`; names keys and types, never values.
    public var description: String { "\(line):\(column): \(message)" }
}

/// An error on its way through the evaluation.
///
/// A reference, so that what travels on the stack stays small.
final class Fault: Error {
    let code: EvaluationError.Code
    let message: String
    /// Offset in the source; filled in by the machine for faults that arise below it.
    let offset: Int?

    init(_ code: EvaluationError.Code, _ message: String, offset: Int? = nil) {
        self.code = code
        self.message = message
        self.offset = offset
    }

    /// The same fault at a place, unless it has one.
    func placed(at offset: Int) -> Fault {
        self.offset == nil ? Fault(code, message, offset: offset) : self
    }
}
