/// A subject beside its floor; goals are numbered as in the project's table of performance goals.
struct Finding: Sendable {
    var goal: String
    var part: Options.Part
    var subject: Series
    var floor: Series
    /// A subject and its floor whose ratio this one is divided by.
    var beside: (subject: Series, floor: Series)?
    var must: Double?
    var aim: Double?
    /// Items a core-second are compared, whoever works for them, and not items a second.
    var comparesWork = false

    /// Delays are compared, in milliseconds, not rates.
    var lowerIsBetter: Bool { subject.isDelay }

    static let all: [Finding] = [
        Finding(
            goal: "events end to end (goal 9)", part: .events, subject: .endToEnd, floor: .together, must: 0.40,
            aim: 0.60),
        Finding(
            goal: "events end to end, beside bare SQL on two connections", part: .events, subject: .endToEnd,
            floor: .storeTwo),
        Finding(
            goal: "events end to end, beside bare SQL on one connection", part: .events, subject: .endToEnd,
            floor: .storeOne),
        Finding(goal: "events end to end, beside the bare broker", part: .events, subject: .endToEnd, floor: .broker),
        Finding(goal: "events end to end, beside bare HTTP", part: .events, subject: .endToEnd, floor: .httpBatch),
        Finding(
            goal: "durable ingest of batches (goal 1)", part: .ingest, subject: .edgeBatch, floor: .broker, must: 0.60,
            aim: 0.80),
        Finding(
            goal: "durable ingest of single events (goal 2)", part: .ingest, subject: .edgeSingle, floor: .httpSingle,
            must: 0.60, aim: 0.85),
        Finding(
            goal: "answers at half load, p99 in ms (goal 3)", part: .ingest, subject: .edgeDelay, floor: .confirmDelay,
            must: 3, aim: 2),
        Finding(
            goal: "scoring, beside bare SQL on two connections", part: .scoring, subject: .scoring, floor: .storeTwo),
        Finding(
            goal: "repeated events, beside new ones (goal 5)", part: .scoring, subject: .repeats, floor: .scoring,
            must: 1.3, aim: 1.5),
        Finding(
            goal: "scoring with 20 million events in place, beside bare SQL (goal 4)", part: .depth,
            subject: .scoringDeep, floor: .storeDeep, must: 0.50, aim: 0.70),
        Finding(
            goal: "scoring with a million contacts, beside the same with 10,000, both over bare SQL (goal 6)",
            part: .depth, subject: .scoringDeep, floor: .storeDeep, beside: (.scoringShallow, .storeShallow),
            must: 0.90,
            aim: 1),
        Finding(
            goal: "scoring with a hundred rules and segments, beside one of each (goal 7)", part: .rules,
            subject: .scoringManyRules, floor: .scoringOneRule, must: 0.80, aim: 0.95),
        Finding(
            goal: "signed mails, beside ready-made ones and signatures (goal 15)", part: .delivery, subject: .delivered,
            floor: .deliveryBare, must: 0.55, aim: 0.70),
        Finding(
            goal: "signed mails a core-second, the stores' included, beside Postfix with OpenDKIM (goal 16)",
            part: .delivery, subject: .delivered, floor: .relayed, must: 5, aim: 7, comparesWork: true),
        Finding(
            goal: "orders to mails, beside the same in Python (goal 19)", part: .python, subject: .mails,
            floor: .mailsByPython, must: 10, aim: 30),
        // More than 1 it cannot be: a site with more than its rate in any minute ends the measurement.
        Finding(
            goal: "mails to a thousand sites, beside the rates that are set (goal 17)", part: .pace, subject: .paced,
            floor: .paceSet, must: 0.95, aim: 1),
        Finding(
            goal: "the same while one more site stalls, beside without (goal 17)", part: .pace,
            subject: .pacedStalled, floor: .paced, must: 0.95, aim: 0.99),
        Finding(goal: "mails end to end, beside bare SMTP", part: .mailer, subject: .mails, floor: .smtp),
        Finding(
            goal: "SMTP connections alone (goal 14)", part: .mailer, subject: .engine, floor: .smtpLarge, must: 0.80,
            aim: 1.1),
        // The goal itself is 10,000 flips a second.
        Finding(
            goal: "flips of many at once by one scoring process, beside bare SQL on one connection", part: .wakes,
            subject: .flipsOne, floor: .flipsBareOne),
        Finding(
            goal: "flips of many at once by two scoring processes, beside bare SQL on two connections", part: .wakes,
            subject: .flipsTwo, floor: .flipsBareTwo),
        Finding(
            goal: "members that a broadcast lets in, beside bare SQL that writes the same rows", part: .broadcast,
            subject: .broadcast, floor: .entriesBare),
        Finding(
            goal: "journey steps, beside bare SQL that writes the same rows (goal 10)", part: .steps, subject: .steps,
            floor: .stepsBare, must: 0.50, aim: 0.70),
        Finding(
            goal: "due timers with many pending, beside few (goal 11)", part: .timers, subject: .firedDeep,
            floor: .firedShallow, must: 0.90, aim: 0.97),
        Finding(
            goal: "due timers in the tenth minute, beside the first (goal 11)", part: .timers, subject: .soakLast,
            floor: .soakFirst, must: 0.90, aim: 0.97),
        // The goal is of the times: at most 1.3, aim 1.1.
        Finding(
            goal: "a minute's timers caught up with, beside the steady rate (goal 20)", part: .timers,
            subject: .drained,
            floor: .drainSteady, must: 0.77, aim: 0.91),
        Finding(
            goal: "a minute's outage caught up with, orders to mails, beside the steady rate (goal 20)", part: .outage,
            subject: .wholeDrained, floor: .wholeSteady, must: 0.77, aim: 0.91),
    ]
}

/// A finding with its figures: those of the round whose ratio is the median.
struct Verdict: Sendable {
    var finding: Finding
    var subject: Double
    var floor: Double
    var ratio: Double
    var lowest: Double
    var highest: Double

    /// Nil where something was not measured.
    init?(_ finding: Finding, _ samples: [Series: [Sample]]) {
        var pairs = Self.figures(finding, finding.subject, finding.floor, samples)
        if let beside = finding.beside {
            // What is compared was not measured in one round: so the rounds in their order.
            pairs = zip(pairs, Self.figures(finding, beside.subject, beside.floor, samples)).map {
                ($0.0 / $0.1, $1.0 / $1.1)
            }
        }
        let ratios = pairs.map { $0 / $1 }
        guard let middle = ratios.firstIndex(of: ratios.median) else { return nil }
        self.finding = finding
        (subject, floor) = pairs[middle]
        ratio = ratios[middle]
        lowest = ratios.min() ?? ratio
        highest = ratios.max() ?? ratio
    }

    private static func figures(
        _ finding: Finding, _ subject: Series, _ floor: Series, _ samples: [Series: [Sample]]
    ) -> [(Double, Double)] {
        func figure(_ sample: Sample) -> Double {
            if finding.comparesWork { return sample.ratePerCore }
            return finding.lowerIsBetter ? 1000 / sample.rate : sample.rate
        }
        return zip(samples[subject] ?? [], samples[floor] ?? []).map { (figure($0), figure($1)) }
    }
}

/// What `--json` says of a goal.
struct Outcome: Encodable {
    private enum Key: String, CodingKey {
        case goal, subject, floor, ratio, must, aim
        case lowerIsBetter = "lower_is_better"
    }

    private let goal: String
    private let subject: Double
    private let floor: Double
    private let ratio: Double
    private let must: Double?
    private let aim: Double?
    private let lowerIsBetter: Bool

    init(_ verdict: Verdict) {
        (goal, subject, floor) = (verdict.finding.goal, verdict.subject, verdict.floor)
        (ratio, must, aim, lowerIsBetter) = (
            verdict.ratio, verdict.finding.must, verdict.finding.aim, verdict.finding.lowerIsBetter
        )
    }

    /// Milliseconds of the 99th of a hundred, beside a second.
    init(_ delays: Delays) {
        ratio = delays.quantile(0.99)
        (goal, subject, floor) = ("p99: \(delays.goal)", ratio * 1000, 1000)
        (must, aim, lowerIsBetter) = (delays.must, delays.aim, true)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(goal, forKey: .goal)
        try container.encode(subject.rounded(toPlaces: 1), forKey: .subject)
        try container.encode(floor.rounded(toPlaces: 1), forKey: .floor)
        try container.encode(ratio.rounded(toPlaces: 4), forKey: .ratio)
        // Null where no target applies, rather than absent.
        try container.encode(must, forKey: .must)
        try container.encode(aim, forKey: .aim)
        try container.encode(lowerIsBetter, forKey: .lowerIsBetter)
    }
}

extension Double {
    fileprivate func rounded(toPlaces places: Int) -> Double {
        let scale = (0..<places).reduce(1.0) { scale, _ in scale * 10 }
        return (self * scale).rounded() / scale
    }
}
