public import Expressions
public import Model
import Scores

/// One contact's facts as the store holds them: what conditions of stages and journeys are evaluated in.
public struct ContactFacts: EvaluationContext, Sendable {
    public var now: Timestamp
    public var contact: JSON
    public var stage: String?
    /// Topics consented to.
    public var consents: Set<String>
    public var history: History
    public var event: JSON?
    public var runStart: HistoryPosition?
    /// Per score, the sums of its epochs.
    public var sums: [String: [Int64: Int64]]
    private let halfLives: [String: Span]

    public init(
        _ workspace: Workspace, now: Timestamp, contact: JSON = .object([:]), stage: String? = nil,
        consents: Set<String> = [], sums: [String: [Int64: Int64]] = [:], history: History = History()
    ) {
        self.now = now
        self.contact = contact
        self.stage = stage
        self.consents = consents
        self.history = history
        self.sums = sums
        halfLives = workspace.scores.reduce(into: [:]) { $0[$1.name] = $1.halfLife }
    }

    public func consented(_ topic: String) -> Bool { consents.contains(topic) }

    public func score(_ model: String) -> Double {
        ScoreArithmetic.value(sums: sums[model] ?? [:], halfLife: halfLives[model], now: now)
    }

    public func halfLife(ofScore model: String) -> Span? { halfLives[model] }

    public func score(_ model: String, staysUntil threshold: Double) -> Timestamp {
        ScoreArithmetic.steadyUntil(
            threshold: threshold, sums: sums[model] ?? [:], halfLife: halfLives[model], now: now)
    }
}
