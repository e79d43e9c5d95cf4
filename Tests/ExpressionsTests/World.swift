import Expressions
import Model

/// A contact in a fixed world, at noon of a day of 2026.
struct World: EvaluationContext {
    static let noon = Timestamp(iso8601: "2026-03-02T12:00:00Z")!

    var now = World.noon
    var contact: JSON = .object([:])
    var stage: String?
    var event: JSON?
    var history = History()
    var runStart: HistoryPosition?
    var topics: Set<String> = []
    var segments: Set<String> = []
    var scores: [String: Double] = [:]
    var halfLife: Span?
    /// The contact as a record, where it is asked for as one.
    var record: Record?

    var contactValue: Value { record.map { .map(MapValue($0)) } ?? json }
    private var json: Value { contact == .null ? .map(MapValue([:])) : Value(contact) }

    func consented(_ topic: String) -> Bool { topics.contains(topic) }
    func isInSegment(_ name: String) -> Bool { segments.contains(name) }
    func score(_ model: String) -> Double { scores[model] ?? 0 }
    func halfLife(ofScore model: String) -> Span? { halfLife }

    static func json(_ text: String) -> JSON { try! JSON(parsing: Array(text.utf8)) }
}

extension HistoryEvent {
    /// An event some time before noon.
    init(_ name: String, ago: Span, id: String = "e", _ properties: String = "{}") {
        self.init(at: World.noon - ago, eventID: id, name: name, properties: World.json(properties))
    }
}

/// The value of an expression of any type.
func value(_ source: String, scope: Scope = [.event, .run], in world: World = World()) throws -> Value {
    try Expression(source, scope: scope, expecting: .dyn).evaluate(world).value
}

/// The error of an evaluation.
func evaluationError(_ source: String, in world: World = World()) -> EvaluationError? {
    do {
        _ = try Expression(source, scope: [.event, .run], expecting: .dyn).evaluate(world)
        return nil
    } catch {
        return error as? EvaluationError
    }
}

/// The error of a check.
func checkError(
    _ source: String, scope: Scope = [.event, .run], expecting: ValueType = .bool,
    vocabulary: Vocabulary = .unchecked
) -> ExpressionError? {
    do throws(ExpressionError) {
        _ = try Expression(source, scope: scope, expecting: expecting, vocabulary: vocabulary)
        return nil
    } catch {
        return error
    }
}
