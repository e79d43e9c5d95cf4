public import Model

/// A condition that holds by one number alone, on one side of a threshold: `score("engagement") >= 40`,
/// `count("Page Viewed", "30d") > 3`. Many of one number are answered together.
public struct ThresholdTest: Sendable {
    /// What the number is.
    public struct Subject: Sendable, Hashable {
        fileprivate enum Kind: Sendable, Hashable {
            case score(String)
            case count(HistoryQuery)
        }

        fileprivate let kind: Kind
    }

    public let subject: Subject
    public let threshold: Double
    private let symbol: BinaryOperator

    fileprivate init?(_ program: Program) {
        guard program.operations.count == 3, case .constant(let number) = program.operations.base[1],
            case .binary(let symbol, _) = program.operations.base[2],
            [.less, .lessOrEqual, .greater, .greaterOrEqual].contains(symbol)
        else { return nil }
        switch program.operations.base[0] {
        case .scoreAgainst(let place): subject = Subject(kind: .score(program.tables.thresholds[place].model))
        case .history(let place):
            let query = program.tables.queries[place]
            guard query.question == .count, !query.sinceRunStart else { return nil }
            subject = Subject(kind: .count(query))
        default: return nil
        }
        switch program.tables.constants[number] {
        // Beyond 2⁵³ neighbours would be one.
        case .int(let count) where count.magnitude <= 1 << 53: threshold = Double(count)
        case .double(let value) where !value.isNaN: threshold = value
        default: return nil
        }
        self.symbol = symbol
    }

    /// Whether the condition is true of a number.
    public func holds(of number: Double) -> Bool {
        switch symbol {
        case .less: number < threshold
        case .lessOrEqual: number <= threshold
        case .greater: number > threshold
        default: number >= threshold
        }
    }
}

extension Expression {
    /// The same condition, where it is one of a threshold.
    public var thresholdTest: ThresholdTest? { ValueType.bool.fits(expected) ? ThresholdTest(program) : nil }
}

extension ThresholdTest.Subject {
    /// The number as it stands in a world, and when time alone changes it in one step; `distantFuture` where it never does, and
    /// of a number that changes all the time.
    public func number(in world: some EvaluationContext) -> (value: Double, changesAt: Timestamp) {
        switch kind {
        case .score(let model): return (world.score(model), .distantFuture)
        case .count(let query):
            let past = query.past(in: world)
            return (Double(past.count), query.end(of: past.times.first))
        }
    }

    /// An instant before which a number that changes all the time stays on its side of a threshold: may be early, never late.
    public func steadyUntil(_ threshold: Double, in world: some EvaluationContext) -> Timestamp {
        switch kind {
        case .score(let model): world.score(model, staysUntil: threshold)
        case .count: .distantFuture
        }
    }
}
