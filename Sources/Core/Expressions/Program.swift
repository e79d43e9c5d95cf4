import Model

/// One step of the stack machine that an expression becomes.
///
/// `&&`, `||` and `?:` jump; all else takes its operands from the stack and leaves one result.
enum Operation: Sendable {
    case constant(Int)
    case contact
    case stage
    case event
    case select(String)
    case has(String)
    case index
    case not
    case negate
    case binary(BinaryOperator)
    /// With `false` (or, for `||`, `true`) on top, to the end of the chain.
    case skipUnless(Bool, to: Int)
    /// Joins two terms of a chain whose neutral value is given: `true` for `&&`, `false` for `||`.
    case join(Bool)
    /// With a condition on top: on, to the else part, or past both with the error.
    case branch(else: Int, end: Int)
    case jump(Int)
    /// Drops the condition below a result.
    case joinBranch
    case list(Int)
    case map(Int)
    case call(BuiltinFunction)
    case history(Int)
    case score(String)
    /// A score that is only compared with a threshold.
    case scoreAgainst(String, Double)
    case consented(String)
    case inSegment(String)
}

/// The functions of CEL itself.
enum BuiltinFunction: String, Sendable {
    case size, startsWith, endsWith, contains, duration
}

/// A question about the past.
struct HistoryQuery: Sendable, Hashable {
    enum Question: String, Sendable { case did, count, sum, first, last }

    var question: Question
    var event: String
    /// The property that `sum` adds up; empty otherwise.
    var property = ""
    /// nil looks back without end.
    var window: Span?
    /// Whether only the events since the run began count.
    var sinceRunStart = false
}

/// What the checker makes of an expression: operations, what they refer to, and what they mention.
///
/// A reference, so that an evaluation takes hold of it once and not of every array in it.
final class Program: Sendable {
    let operations: [Operation]
    let offsets: [Int]
    let constants: [Value]
    let queries: [HistoryQuery]
    let mentions: Mentions

    init(_ draft: ProgramDraft) {
        operations = draft.operations
        offsets = draft.offsets
        constants = draft.constants
        queries = draft.queries
        mentions = draft.mentions
    }
}

/// A program while the checker writes it.
struct ProgramDraft {
    var operations: [Operation] = []
    /// Per operation, where in the source it came from.
    var offsets: [Int] = []
    var constants: [Value] = []
    var queries: [HistoryQuery] = []
    var mentions = Mentions()

    mutating func emit(_ operation: Operation, at offset: Int) {
        operations.append(operation)
        offsets.append(offset)
    }

    mutating func emit(constant: Value, at offset: Int) {
        emit(.constant(constants.count), at: offset)
        constants.append(constant)
    }
}

/// What an expression reads.
struct Mentions: Sendable {
    var events: Set<String> = []
    var eventProperties: [String: Set<String>] = [:]
    var scores: Set<String> = []
    var topics: Set<String> = []
    var segments: Set<String> = []
    var contact = false
    var stage = false
    var event = false
    var run = false
    var longestWindow: Span?

    mutating func add(_ query: HistoryQuery) {
        events.insert(query.event)
        if query.question == .sum { eventProperties[query.event, default: []].insert(query.property) }
        if query.sinceRunStart { run = true }
        if let window = query.window { longestWindow = max(longestWindow ?? window, window) }
    }
}
