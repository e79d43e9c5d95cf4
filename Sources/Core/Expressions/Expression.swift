public import Model

/// A condition or value in CEL, parsed, type-checked and compiled: what it means no longer depends on anything but the
/// world it is evaluated in.
public struct Expression: Sendable {
    /// Longest source, in bytes of UTF-8.
    public static let sourceLimit = 8192
    /// Most steps of one evaluation; long lists and texts cost more than one.
    public static let stepLimit = 100_000

    /// The text as it was given.
    public let source: String
    /// The type that a value is held to.
    public let expected: ValueType
    let program: Program
    /// Whether a bool is of the expected type.
    private let isCondition: Bool

    /// Parses, checks and compiles.
    ///
    /// - Parameters:
    ///   - expecting: the type wanted; what is `dyn` at check time is held to it in each evaluation.
    ///   - vocabulary: names that events, topics, scores and stages must be among.
    /// - Throws: the first fault, with its place in the source.
    public init(
        _ source: String, scope: Scope, expecting: ValueType = .bool, vocabulary: Vocabulary = .unchecked
    ) throws(ExpressionError) {
        guard source.utf8.count <= Self.sourceLimit else {
            throw ExpressionError(
                message: "the expression is longer than \(Self.sourceLimit) bytes", line: 1, column: 1)
        }
        self.source = source
        expected = expecting
        isCondition = ValueType.bool.fits(expecting)
        program = try Checker.compile(
            SourceText(source), Declarations(scope: scope, vocabulary: vocabulary), expecting: expecting)
    }

    /// Standard CEL, with the names that are declared.
    init(_ source: String, _ declarations: Declarations) throws(ExpressionError) {
        self.source = source
        expected = .dyn
        isCondition = true
        program = try Checker.compile(SourceText(source), declarations, expecting: .dyn)
    }
}

extension Expression {
    /// The type of its values, as far as it is known before the expression runs.
    public var type: ValueType { program.type }

    /// The events that `did`, `count`, `sum`, `first` and `last` ask for, with and without `run.`: no other event
    /// changes the value through the history.
    public var mentionedEvents: Set<String> { program.mentions.events }

    /// Per event, the properties that `sum` adds up.
    public var mentionedEventProperties: [String: Set<String>] { program.mentions.eventProperties }

    /// The scores that it reads.
    public var mentionedScores: Set<String> { program.mentions.scores }

    /// The topics whose consent it asks for.
    public var mentionedTopics: Set<String> { program.mentions.topics }

    /// The segments that it asks about with `in_segment`.
    public var mentionedSegments: Set<String> { program.mentions.segments }

    /// Whether it reads the contact's attributes.
    public var usesContact: Bool { program.mentions.contact }

    /// Whether it reads `stage`.
    public var usesStage: Bool { program.mentions.stage }

    /// Whether it reads `persona`.
    public var usesPersona: Bool { program.mentions.persona }

    /// The personas that it compares `persona` with.
    public var mentionedPersonas: Set<String> { program.mentions.personas }

    /// What it reads of the moment at which a mail is opened: `device`, `place`, `live` and their like.
    public var mentionedOpening: Set<String> { program.mentions.opening }

    /// Whether it reads `event`.
    public var usesEvent: Bool { program.mentions.event }

    /// Whether it may read a member of `event`, such as `context`: by its name, or with the event as a whole.
    public func readsEvent(_ member: String) -> Bool {
        program.mentions.wholeEvent || program.mentions.eventMembers.contains(member)
    }

    /// The steps whose answers it asks for by name.
    public var mentionedAnswers: Set<String> { program.mentions.answers }

    /// Whether it asks about the run's own time (`run.did` and its siblings).
    public var usesRun: Bool { program.mentions.run }

    /// Whether it asks about a length of time up to now.
    public var usesWindows: Bool { program.mentions.longestWindow != nil }

    /// How far back the widest window looks; nil without windows.
    public var longestWindow: Span? { program.mentions.longestWindow }

    /// Per event of which nothing but windows is asked, the longest of them: what is older matters no more.
    public var windows: [String: Span] {
        program.mentions.windows.filter { !program.mentions.unboundedEvents.contains($0.key) }
    }

    /// Whether time alone can change the value: it has windows or reads scores.
    public var isTimeDependent: Bool { usesWindows || !mentionedScores.isEmpty }
}

/// A value and how long it holds by itself.
public struct Evaluated: Sendable, Equatable {
    /// What the expression is worth.
    public var value: Value
    /// Before this instant time alone cannot change the value; `distantFuture` when it never can. May be early, never
    /// late, save that a score used in any way but a comparison with a number is looked at again a minute later.
    public var validUntil: Timestamp
}

extension Expression {
    /// Computes the value in a world.
    ///
    /// - Throws: what CEL calls an error value, with the instant until which it is one.
    public func evaluate(_ world: some EvaluationContext) throws(EvaluationError) -> Evaluated {
        let result = Machine.run(program, in: world)
        switch result.content {
        case .value(let value):
            guard isExpected(value) else {
                let fault = Fault(.unexpectedType, "the value is \(value.typeName), not \(expected)")
                throw error(fault, offset: program.offsets.last ?? 0, validUntil: result.validUntil)
            }
            return Evaluated(value: value, validUntil: result.validUntil)
        case .fault(let fault):
            throw error(fault, offset: fault.offset ?? 0, validUntil: result.validUntil)
        }
    }

    /// Whether a condition is true in a world; an error counts as false.
    public func holds(in world: some EvaluationContext) -> (holds: Bool, validUntil: Timestamp) {
        let result = Machine.run(program, in: world)
        return (result.bool == true && isCondition, result.validUntil)
    }

    private func isExpected(_ value: Value) -> Bool {
        if case .bool = value, isCondition { return true }
        return value.type.fits(expected)
    }

    private func error(_ fault: Fault, offset: Int, validUntil: Timestamp) -> EvaluationError {
        let position = SourceText(source).position(of: offset)
        return EvaluationError(
            code: fault.code, message: fault.message, line: position.line, column: position.column,
            validUntil: validUntil)
    }
}
