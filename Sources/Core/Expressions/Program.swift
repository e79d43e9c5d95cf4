import Model
import Patterns

/// What an expression becomes: operations, what they refer to, and what they mention.
///
/// A reference, so that an evaluation takes hold of it once and not of every array in it.
final class Program: Sendable {
    let operations: Table<Operation>
    let constants: Table<Value>
    let fields: Table<FieldName>
    let paths: Table<FieldPath>
    let loops: Table<Loop>
    let names: Table<String>
    let queries: Table<HistoryQuery>
    let thresholds: Table<(model: String, threshold: Double)>
    let offsets: [Int]
    let tables: ProgramTables
    let mentions: Mentions
    let type: ValueType
    /// The most slots that variables and stack can come to.
    let stackSize: Int
    /// The variables of macros.
    let localCount: Int

    init(_ draft: ProgramDraft, type: ValueType) {
        operations = Table(draft.operations)
        constants = Table(draft.tables.constants)
        fields = Table(draft.tables.fields)
        paths = Table(draft.tables.paths)
        loops = Table(draft.tables.loops)
        names = Table(draft.tables.names)
        queries = Table(draft.tables.queries)
        thresholds = Table(draft.tables.thresholds)
        offsets = draft.offsets
        tables = draft.tables
        mentions = draft.mentions
        self.type = type
        stackSize = draft.operations.count { $0.pushes } + 2 + draft.localCount
        localCount = draft.localCount
    }

    deinit {
        operations.free()
        constants.free()
        fields.free()
        paths.free()
        loops.free()
        names.free()
        queries.free()
        thresholds.free()
    }
}

/// What is read at every step: an array without the counting of who reads it. It lives as long as its program.
struct Table<Element: Sendable>: Sendable {
    /// Never written again once it is filled.
    nonisolated(unsafe) let base: UnsafePointer<Element>
    let count: Int

    init(_ array: [Element]) {
        let elements = UnsafeMutablePointer<Element>.allocate(capacity: array.count)
        for (index, element) in array.enumerated() { (elements + index).initialize(to: element) }
        base = UnsafePointer(elements)
        count = array.count
    }

    func free() {
        let elements = UnsafeMutablePointer(mutating: base)
        elements.deinitialize(count: count)
        elements.deallocate()
    }
}

/// What operations refer to by number.
struct ProgramTables: Sendable {
    var constants: [Value] = []
    /// Errors that are known before the expression runs, of standard CEL, where they are values too.
    var faults: [Fault] = []
    var fields: [FieldName] = []
    var paths: [FieldPath] = []
    var pathOffsets: [[Int]] = []
    var variables: [String] = []
    var names: [String] = []
    var queries: [HistoryQuery] = []
    var thresholds: [(model: String, threshold: Double)] = []
    var loops: [Loop] = []
    var optionals: [[Bool]] = []
    var patterns: [LinearPattern] = []
    var zones: [ZoneRules] = []
}

/// Where a value lies in the world: fields of the contact or of the event, one inside the other.
struct FieldPath: Sendable, Hashable {
    enum Root: Sendable { case contact, event }

    var root: Root
    /// Its fields lie in `ProgramTables.fields`, one behind the other.
    var fields: Range<Int>
    /// Where in the source the root stands, and each field: in `ProgramTables.pathOffsets`.
    var offsets: Int
}

/// A macro that goes through a list or a map.
struct Loop: Sendable {
    enum Kind: Sendable { case all, exists, existsOne, filter, map, transformMap }

    var kind: Kind
    /// Where the element lies, or the value.
    var element = 0
    /// Where the index or key lies, beside a value.
    var key: Int?
    /// The operation that takes the next element, and the one behind the macro.
    var start = 0
    var end = 0
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

/// A program while the checker writes it.
struct ProgramDraft {
    var operations: [Operation] = []
    /// Per operation, where in the source it came from.
    var offsets: [Int] = []
    var tables = ProgramTables()
    var mentions = Mentions()
    var localCount = 0

    mutating func emit(_ operation: Operation, at offset: Int) {
        operations.append(operation)
        offsets.append(offset)
    }

    mutating func emit(constant: Value, at offset: Int) {
        emit(.constant(tables.constants.count), at: offset)
        tables.constants.append(constant)
    }

    mutating func emit(fault: Fault, at offset: Int) {
        emit(.fail(tables.faults.count), at: offset)
        tables.faults.append(fault.placed(at: offset))
    }

    mutating func number(of field: String) -> Int {
        tables.fields.append(FieldName(field))
        return tables.fields.count - 1
    }

    mutating func number(ofName name: String) -> Int {
        tables.names.append(name)
        return tables.names.count - 1
    }

    mutating func newLocal() -> Int {
        localCount += 1
        return localCount - 1
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
    var persona = false
    /// The names of what is known when a mail is opened.
    var opening: Set<String> = []
    /// Those that it is compared with.
    var personas: Set<String> = []
    /// The steps whose answers are asked for.
    var answers: Set<String> = []
    var event = false
    /// The members of the event that are read by their names.
    var eventMembers: Set<String> = []
    /// Whether the event is read as a whole, or a member whose name is found while the program runs.
    var wholeEvent = false
    var run = false
    var longestWindow: Span?
    /// Per event, the longest window that is asked of.
    var windows: [String: Span] = [:]
    /// The events that are asked of without a window.
    var unboundedEvents: Set<String> = []

    /// - Parameter member: nil for the event as a whole.
    mutating func addEvent(_ member: String?) {
        if let member { eventMembers.insert(member) } else { wholeEvent = true }
    }

    mutating func add(_ query: HistoryQuery) {
        events.insert(query.event)
        if query.question == .sum { eventProperties[query.event, default: []].insert(query.property) }
        if query.sinceRunStart { run = true }
        guard let window = query.window, !query.sinceRunStart else {
            unboundedEvents.insert(query.event)
            if let window = query.window { longestWindow = max(longestWindow ?? window, window) }
            return
        }
        longestWindow = max(longestWindow ?? window, window)
        windows[query.event] = max(windows[query.event] ?? window, window)
    }
}
