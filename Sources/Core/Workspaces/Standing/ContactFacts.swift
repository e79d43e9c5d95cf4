public import Expressions
public import Model
public import Scores

/// One contact's facts as the store holds them: what conditions of stages and journeys are evaluated in.
public struct ContactFacts: EvaluationContext, Sendable {
    public var now: Timestamp { didSet { standing = [] } }
    public var contact: JSON {
        didSet {
            fit = Self.fit(of: contact, models)
            standing = []
        }
    }
    public var stage: String?
    /// Topics consented to.
    public var consents: Set<String>
    /// The segments that the contact is in.
    public var segments: Set<String>
    public var history: History
    public var event: JSON?
    public var runStart: HistoryPosition?
    /// Per score, what events have given.
    public var balances: [String: ScoreBalance] { didSet { standing = [] } }
    /// Whether the contact objects to profiling: it has no scores, whatever its events and attributes say.
    public var objects: Bool
    private let models: [String: ScoreModel]
    /// Per score, what the attributes give.
    private var fit: [String: Int64]
    /// Scores that were prepared, as long as nothing has changed them.
    private var standing: [(model: String, score: StandingScore)] = []

    public init(
        _ workspace: Workspace, now: Timestamp, contact: JSON = .object([:]), stage: String? = nil,
        consents: Set<String> = [], segments: Set<String> = [], balances: [String: ScoreBalance] = [:],
        objects: Bool = false, history: History = History()
    ) {
        self.now = now
        self.contact = contact
        self.stage = stage
        self.consents = consents
        self.segments = segments
        self.history = history
        self.balances = balances
        self.objects = objects
        models = workspace.scoresByName
        fit = Self.fit(of: contact, models)
    }

    private static func fit(of contact: JSON, _ models: [String: ScoreModel]) -> [String: Int64] {
        models.lazy.filter { !$0.value.fit.isEmpty }.reduce(into: [:]) { $0[$1.key] = $1.value.fitPoints(of: contact) }
    }

    public func consented(_ topic: String) -> Bool { consents.contains(topic) }

    public func isInSegment(_ name: String) -> Bool { segments.contains(name) }

    /// Works out what questions about scores have in common: worth it where there are several.
    public mutating func prepareScores() {
        guard standing.isEmpty, !objects else { return }
        for (name, balance) in balances {
            guard let model = models[name] else { continue }
            let score = StandingScore(balance, halfLife: model.halfLife, plus: fit[name] ?? 0, now: now)
            standing.append((name, score))
        }
    }

    /// Among those that were prepared: there are few.
    private func place(of model: String) -> Int? { standing.indices.first { standing[$0].model == model } }

    public func score(_ model: String) -> Double {
        if !objects, let place = place(of: model) { return standing[place].score.value }
        return objects
            ? 0
            : (balances[model] ?? ScoreBalance()).value(
                halfLife: models[model]?.halfLife, plus: fit[model] ?? 0, now: now)
    }

    public func halfLife(ofScore model: String) -> Span? { models[model]?.halfLife }

    public func score(_ model: String, staysUntil threshold: Double) -> Timestamp {
        if !objects, let place = place(of: model) {
            return standing[place].score.steadyUntil(threshold: threshold)
        }
        return objects
            ? .distantFuture
            : (balances[model] ?? ScoreBalance()).steadyUntil(
                threshold: threshold, halfLife: models[model]?.halfLife, plus: fit[model] ?? 0, now: now)
    }

    /// The name is nil without ranges or a score, and below the first of them. A range is left where the score crosses its
    /// own beginning or that of the next.
    public func band(ofScore model: String) -> (name: String?, validUntil: Timestamp) {
        guard !objects, let bands = models[model]?.bands, !bands.isEmpty else { return (nil, .distantFuture) }
        let value = score(model)
        let place = bands.lastIndex { $0.begins(below: value) }
        let ends = [place.map { bands[$0] }, bands[((place ?? -1) + 1)...].first].compactMap { $0?.from }
        let until = ends.map { score(model, staysUntil: Double($0) / 1000) }.min()
        return (place.map { bands[$0].name }, until ?? .distantFuture)
    }
}
