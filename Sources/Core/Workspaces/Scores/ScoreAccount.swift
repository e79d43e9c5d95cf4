public import Expressions
public import Model
public import Scores

/// Where one contact's score comes from: every point with its event, what is left of it, and what caps cut off.
public struct ScoreAccount: Sendable {
    /// What an event gave by one rule.
    public struct Line: Sendable {
        public var event: HistoryEvent
        public var rule: PointRule
        /// As it was booked, or would have been.
        public var term: ScoreTerm
        public var fate: Fate
        /// From when on the points count no more; nil where they do for good.
        public var until: Timestamp? { term.until }
        /// What is left of the points, in thousandths; the lines of an account add up to its value.
        public var left: Int64 = 0
    }

    /// Whether points count.
    public enum Fate: String, Sendable {
        case counts
        /// Their time is over.
        case ended
        case overDailyCap = "over-daily-cap"
        case overTotalCap = "over-total-cap"
    }

    /// What the attributes give by one rule.
    public struct FitLine: Sendable {
        public var rule: FitRule
        public var holds: Bool
        /// The attributes that the rule names, with their values; null for those that there are not.
        public var attributes: [(name: String, value: JSON)]
    }

    public let model: ScoreModel
    /// The score, in thousandths of a point.
    public let value: Int64
    /// In (time, event id) order.
    public private(set) var lines: [Line] = []
    public let fit: [FitLine]
    /// The part of the value, in thousandths, that no event accounts for: those that gave it are not in the log any more.
    public private(set) var unaccounted: Int64 = 0

    /// - Parameters:
    ///   - balance: as it is stored.
    ///   - events: all of the contact's that the score mentions, and perhaps others; in order.
    public init(
        _ model: ScoreModel, balance: ScoreBalance, of events: [HistoryEvent], contact: JSON, now: Timestamp
    ) {
        self.model = model
        let points = model.fitPoints(of: contact)
        value = Int64((balance.value(halfLife: model.halfLife, plus: points, now: now) * 1000).rounded())
        fit = model.fit.map { FitLine(rule: $0, holds: $0.fits(contact), attributes: $0.attributes(of: contact)) }
        var logged = ScoreBalance()
        lines = Self.lines(of: events, in: model, now: now, logged: &logged)
        let shares = lines.map { line in
            line.fate == .counts ? ScoreArithmetic.worth(of: line.term, halfLife: model.halfLife, now: now) : 0
        }
        let given = value - points
        let isWhole = logged.standing(at: now) == balance.standing(at: now)
        unaccounted = isWhole ? 0 : given - Int64(shares.reduce(0, +).rounded())
        let left = Self.rounded(shares, toSum: given - unaccounted)
        for index in lines.indices { lines[index].left = left[index] }
    }

    private static func lines(
        of events: [HistoryEvent], in model: ScoreModel, now: Timestamp, logged: inout ScoreBalance
    ) -> [Line] {
        var tallies: [Int: Tally] = [:]
        var lines: [Line] = []
        for event in events {
            for place in model.rules(fitting: event) {
                let term = model.term(of: place, at: event.at)
                var line = Line(event: event, rule: model.rules[place], term: term, fate: .counts)
                if let cap = model.rules[place].cap {
                    line.fate = tallies[place, default: Tally()].count(under: cap, day: model.day(of: event.at))
                }
                lines.append(line.booked(in: &logged, now: now))
            }
            if let line = Line(event, givenTo: model) { lines.append(line.booked(in: &logged, now: now)) }
        }
        return lines
    }

    /// Whole numbers that add up to `sum`: those with the largest fractions are rounded up.
    static func rounded(_ shares: [Double], toSum sum: Int64) -> [Int64] {
        var whole = shares.map { Int64($0.rounded(.down)) }
        let order = shares.indices.filter { shares[$0] != 0 }.sorted {
            shares[$0] - shares[$0].rounded(.down) > shares[$1] - shares[$1].rounded(.down)
        }
        guard !order.isEmpty else { return whole }
        let missing = sum - whole.reduce(0, +)
        let (each, rest) = missing.flooredDivision(by: Int64(order.count))
        for (place, index) in order.enumerated() { whole[index] += each + (place < rest ? 1 : 0) }
        return whole
    }

    /// How many events of a capped rule have counted so far, in order.
    private struct Tally {
        private var day: Int32 = .min
        private var today = 0
        private var total = 0

        mutating func count(under cap: PointCap, day: Int32) -> Fate {
            if day != self.day { (self.day, today) = (day, 0) }
            if let limit = cap.perDay, today >= limit { return .overDailyCap }
            if let limit = cap.total, total >= limit { return .overTotalCap }
            (today, total) = (today + 1, total + 1)
            return .counts
        }
    }
}

extension ScoreAccount.Line {
    /// What a step of a journey gave, as by a rule of its own; nil for events that steps give nothing with.
    fileprivate init?(_ event: HistoryEvent, givenTo model: ScoreModel) {
        guard let given = model.given(by: event) else { return nil }
        let rule = PointRule(event: event.name, points: given.points, when: nil, cap: nil, expiry: given.expiry)
        self.init(event: event, rule: rule, term: model.term(of: given, at: event.at), fate: .counts)
    }

    /// The line as it stands, once what counts has been added to the sums that the log accounts for.
    fileprivate func booked(in logged: inout ScoreBalance, now: Timestamp) -> Self {
        guard fate == .counts else { return self }
        logged.add(term)
        guard let until = term.until, until <= now else { return self }
        var line = self
        line.fate = .ended
        return line
    }

    /// The journey and the step that gave the points, where one did.
    public var giver: String? {
        guard event.name == EventNames.pointsGiven, let journey = event.properties["journey"]?.string else {
            return nil
        }
        return event.properties["step"]?.string.map { "\(journey), \($0)" } ?? journey
    }
}

extension FitRule {
    /// The attributes that the condition names, as `contact.NAME` or `contact["NAME"]`.
    fileprivate func attributes(of contact: JSON) -> [(name: String, value: JSON)] {
        var names: [String] = []
        var rest = when.source[...]
        while let found = rest.firstRange(of: "contact") {
            rest = rest[found.upperBound...]
            let name =
                if rest.hasPrefix(".") {
                    rest.dropFirst().prefix { $0 == "_" || $0.isLetter || $0.isNumber }
                } else if rest.hasPrefix("[\"") || rest.hasPrefix("['") {
                    rest.dropFirst(2).prefix { $0 != "\"" && $0 != "'" }
                } else {
                    Substring()
                }
            if !name.isEmpty, !names.contains(String(name)) { names.append(String(name)) }
        }
        return names.map { ($0, contact[$0] ?? .null) }
    }
}
