/// One step of the stack machine that an expression becomes; what it needs lies in `ProgramTables`, by number, so that a
/// step is a few plain bytes.
///
/// `&&`, `||`, `?:` and macros jump; all else takes its operands from the stack and leaves one result.
enum Operation: Sendable {
    case constant(Int)
    case fail(Int)
    case path(Int)
    case hasPath(Int)
    case stage
    case variable(Int)
    case local(Int)
    case select(Int)
    case optionalSelect(Int)
    case has(Int)
    case index
    case optionalIndex
    case not
    case negate
    /// With `isLenient`, a whole number beside a fraction is one itself: of two operands at least one is from JSON.
    case binary(BinaryOperator, isLenient: Bool)
    /// `contact.plan == "pro"`: a path beside a constant.
    case compare(BinaryOperator, path: Int, constant: Int)
    /// The same two of the variable of a macro.
    case compareLocal(BinaryOperator, local: Int, constant: Int)
    case testLocal(BuiltinFunction, local: Int, constant: Int)
    /// With the deciding value (`false` for `&&`) on top, to the end of the chain.
    case decide(neutral: Bool, to: Int)
    /// Joins two terms of a chain whose neutral value is given: `true` for `&&`, `false` for `||`; decided, to its end.
    case join(neutral: Bool, to: Int)
    /// With a condition on top: on, to the else part, or past both with the error.
    case branch(else: Int, end: Int)
    case jump(Int)
    /// Drops the condition below a result.
    case joinBranch
    case list(Int, optionals: Int)
    case map(Int, optionals: Int)
    case call(BuiltinFunction, Int)
    /// A function of a path and a constant: `contact.email.endsWith(".example")`.
    case test(BuiltinFunction, path: Int, constant: Int)
    /// Matches the text on top with a pattern that was compiled before.
    case matches(Int)
    /// A part of a timestamp in a zone that was found before.
    case part(BuiltinFunction, zone: Int)
    case history(Int)
    case score(Int)
    /// A score that is only compared with a threshold.
    case scoreAgainst(Int)
    /// The name of the range that a score lies in.
    case band(Int)
    case consented(Int)
    case inSegment(Int)

    // Macros.
    /// Takes the range; in case of an error, to the end.
    case iterate(Int)
    /// Sets the variables to the next element; behind the last one leaves the result and goes to the end.
    case next(Int)
    /// Skips the element where the condition is false.
    case keep(Int)
    /// Adds what the body came to, and goes on or, when the result is known, to the end.
    case collect(Int)
    /// Puts the value on top into a variable.
    case bind(Int)
    /// Puts what an optional holds into a variable; with nothing in it, to the end.
    case unwrap(Int, to: Int)
    /// Makes the result optional, unless it is so by itself.
    case wrap(Int, isFlat: Bool)

    /// Whether the machine must be given the result.
    var asksTheWorld: Bool {
        switch self {
        case .stage, .variable, .history, .score, .scoreAgainst, .band, .consented, .inSegment: true
        default: false
        }
    }

    /// Whether the stack can be longer behind it.
    var pushes: Bool {
        switch self {
        case .constant, .fail, .path, .hasPath, .stage, .variable, .local, .compare, .test, .compareLocal, .testLocal,
            .history, .score, .scoreAgainst, .band, .consented, .inSegment, .branch, .next, .iterate, .list, .map,
            .call(_, 0):
            true
        default: false
        }
    }
}
