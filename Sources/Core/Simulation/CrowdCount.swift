public import Model
import Workspaces

/// What a crowd came to: mails by day, journey and step, and how runs ended.
public struct CrowdCount: Sendable {
    public struct Step: Sendable, Hashable {
        public var journey: String
        public var step: String

        public init(journey: String, step: String) {
            self.journey = journey
            self.step = step
        }
    }

    public struct Mails: Sendable {
        public var sent = 0
        /// The gate did not let them through.
        public var skipped = 0
        /// The gate held them for a while.
        public var held = 0

        public init() {}
    }

    public struct Runs: Sendable {
        public var started = 0
        /// Entries that a cap did not let in.
        public var turnedAway = 0
        public var ended: [Happening.Outcome: Int] = [:]
        public var underWay: Int { started - ended.values.reduce(0, +) }

        public init() {}
    }

    public private(set) var contacts = 0
    public private(set) var mails: [Step: Mails] = [:]
    public private(set) var runs: [String: Runs] = [:]
    /// By journey and day; the first day is 0, and days end at midnight in the workspace's zone.
    public private(set) var days: [Int: [String: Int]] = [:]
    /// By stage, how often it was reached.
    public private(set) var stages: [String: Int] = [:]
    /// The most mails that one contact had.
    public private(set) var most = 0
    public private(set) var failures: Set<String> = []
    private let start: Timestamp
    private let zone: LocalZone

    public init(from start: Timestamp, in zone: LocalZone) {
        self.start = start
        self.zone = zone
    }

    public mutating func add(_ story: [Happening]) {
        contacts += 1
        var sent = 0
        for line in story {
            let journey = line.journey ?? ""
            switch line.what {
            case .started: runs[journey, default: Runs()].started += 1
            case .turnedAway: runs[journey, default: Runs()].turnedAway += 1
            case .ended(let outcome, _): runs[journey, default: Runs()].ended[outcome, default: 0] += 1
            case .sent(let step, _, _):
                sent += 1
                mails[Step(journey: journey, step: step), default: Mails()].sent += 1
                days[day(of: line.at), default: [:]][journey, default: 0] += 1
            case .skipped(let step, _, _, _): mails[Step(journey: journey, step: step), default: Mails()].skipped += 1
            case .held(let step, _, _, _, _): mails[Step(journey: journey, step: step), default: Mails()].held += 1
            case .stage(let stage): stages[stage, default: 0] += 1
            case .failed(let reason): failures.insert(reason)
            default: break
            }
        }
        most = max(most, sent)
    }

    private func day(of instant: Timestamp) -> Int {
        func number(_ time: Timestamp) -> Int64 {
            (time + .seconds(zone.offset(at: time))).microseconds.flooredDivision(by: 86_400_000_000).quotient
        }
        return Int(number(instant) - number(start))
    }
}
