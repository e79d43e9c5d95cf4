import Expressions
import JourneyProgram
import Model

/// Plays one run by walking over the steps as they are written, with all that will happen at hand and conditions written in
/// Swift: an independent opinion of what the engine should do. It knows neither tables nor stored states nor wakes, and looks
/// at every instant at which anything could change.
struct NaiveInterpreter {
    /// Told as `Play` does.
    private(set) var told: [String] = []
    private let start: Timestamp
    /// From when time is told; nil: from the start.
    private var origin: Timestamp?
    private let entry: HistoryPosition
    private let events: [HistoryEvent]
    private let delivery: Span
    private let script: Script
    private var now: Timestamp
    private var behind: HistoryPosition
    /// Which pass this is, of all that those around it may come to.
    private var visit = 1

    struct Script {
        var steps: [Step]
        var goal: String?
        var within: Span?
        var exit: String?
    }

    private struct Ended: Error {}

    /// - Parameter first: the event that starts the run; nil: the first of its name.
    init(_ script: Script, _ events: [HistoryEvent], delivery: Span, from first: HistoryEvent? = nil) {
        self.script = script
        self.events = events.sorted { $0.position < $1.position }
        self.delivery = delivery
        let first = first ?? self.events.first { $0.name == "Start" }!
        (start, entry, now, behind) = (first.at, first.position, first.at, first.position)
    }

    /// One run after the other: each begins when the one before is over, and so long after it began at the earliest.
    static func play(_ script: Script, _ events: [HistoryEvent], delivery: Span, every interval: Span) -> [String] {
        let starts = events.filter { $0.name == "Start" }.sorted { $0.position < $1.position }
        var told: [String] = []
        var free: (of: Timestamp, again: Timestamp)?
        for start in starts where free.map({ start.at >= $0.of && start.at >= $0.again }) ?? true {
            var run = NaiveInterpreter(script, events, delivery: delivery, from: start)
            run.origin = starts[0].at
            told += run.play()
            free = (run.now, start.at + interval)
        }
        return told
    }

    mutating func play() -> [String] {
        do {
            try check()
            _ = try walk(script.steps)
            if let lapse, now < lapse { try pass(to: lapse) }
            end("finished")
        } catch {}
        return told
    }

    // MARK: Time

    private var lapse: Timestamp? { script.goal == nil ? nil : script.within.map { start + $0 } }

    /// The next instant behind now at which a condition may change.
    private var nextChange: Timestamp? {
        events.flatMap { [$0.at, $0.at + .days(1), $0.at + .days(2)] }.filter { $0 > now }.min()
    }

    private mutating func pass(to instant: Timestamp) throws {
        while let next = nextChange, next < instant {
            now = next
            try check()
        }
        now = instant
        try check()
    }

    private mutating func check() throws {
        if let goal = script.goal, lapse.map({ now < $0 }) ?? true, holds(goal) {
            end("converted")
            throw Ended()
        }
        if let exit = script.exit, holds(exit) {
            end("exited")
            throw Ended()
        }
    }

    private mutating func end(_ outcome: String) { told.append("\(now - (origin ?? start)) ends \(outcome)") }

    // MARK: Conditions

    private func number(_ name: String, inRun: Bool = false, within: Span? = nil) -> Int {
        events.count { event in
            event.name == name && event.at <= now && (!inRun || event.position > entry)
                && (within.map { event.at > now - $0 } ?? true)
        }
    }

    private func holds(_ source: String) -> Bool {
        switch source {
        case "run.did(\"X\")": number("X", inRun: true) > 0
        case "count(\"Y\") > 2": number("Y") > 2
        case "!did(\"X\", \"2d\")": number("X", within: .days(2)) == 0
        case "run.count(\"Y\", \"1d\") >= 1": number("Y", inRun: true, within: .days(1)) >= 1
        case "run.did(\"Y\") && run.did(\"X\")": number("Y", inRun: true) > 0 && number("X", inRun: true) > 0
        default: preconditionFailure("a condition that was not thrown: \(source)")
        }
    }

    // MARK: Steps

    /// False where the run is to end.
    private mutating func walk(_ steps: [Step]) throws -> Bool {
        for step in steps {
            guard try walk(step) else { return false }
        }
        return true
    }

    private mutating func walk(_ step: Step) throws -> Bool {
        switch step {
        case .end: return false
        case .email(let name, let template, _):
            told.append("\(now - (origin ?? start)) \(template) as \(name)" + (visit > 1 ? "#\(visit)" : ""))
            try rest(until: now + delivery)
        case .test: preconditionFailure("no test was thrown: nobody else is there to try something on")
        case .stream: preconditionFailure("no stream was thrown: what a contact has had is not kept here")
        case .call(let name, let call, _):
            told.append("\(now - (origin ?? start)) \(call.name) as \(name)" + (visit > 1 ? "#\(visit)" : ""))
            try rest(until: now + delivery)
        case .wait(let span): try rest(until: now + span)
        case .waitUntil(let time): try rest(until: next(time))
        case .waitUntilDate(let date):
            if let instant = instant(of: date) { try rest(until: instant) }
        case .change(let change): told.append("\(now - (origin ?? start)) \(change)")
        case .choose(let arms, let otherwise):
            return try walk(arms.first { holds($0.when.source) }?.steps ?? otherwise)
        case .select(_, let cases, let otherwise):
            let value = String(number("Y", inRun: true))
            return try walk(cases.first { $0.value == value }?.steps ?? otherwise)
        case .split(let name, let shares): return try walk(share(name!, shares))
        case .loop(let times, let until, let steps):
            let outer = visit
            defer { visit = outer }
            for pass in 1...times {
                visit = (outer - 1) * times + pass
                if let until, holds(until.source) { break }
                guard try walk(steps) else { return false }
            }
        case .await(let awaited, let atMost, let then, let otherwise):
            return try walk(wait(for: awaited, until: now + atMost, then) ?? otherwise)
        }
        return true
    }

    private mutating func rest(until instant: Timestamp) throws {
        try pass(to: instant)
        behind = .end(of: instant)
    }

    /// Minute by minute, nine hours east of UTC.
    private func next(_ time: DailyTime) -> Timestamp {
        var minute = (now.microseconds + 59_999_999) / 60_000_000
        while true {
            let local = minute + 9 * 60
            let weekday = DailyTime.Weekday(rawValue: Int((local / 1440 + 4) % 7))!
            if local % 1440 == Int64(time.hour * 60 + time.minute), time.days.contains(weekday),
                !"\(time.holidays)".split(separator: " ").contains(where: { day(of: local).hasSuffix($0) })
            {
                return Timestamp(seconds: minute * 60)
            }
            minute += 1
        }
    }

    private func day(of minute: Int64) -> String { String(Timestamp(seconds: minute * 60).description.prefix(10)) }

    /// Day by day. Where it has been, the instant at hand.
    private func instant(of date: ContactDate) -> Timestamp? {
        guard date.path == ["ends"] else { return nil }
        let offset = date.offset.microseconds / 86_400_000_000
        var day = (now.microseconds / 60_000_000 + 9 * 60) / 1440 - 40
        while true {
            let instant = Timestamp(seconds: (day * 1440 + Int64(date.minuteOfDay ?? 0) - 9 * 60) * 60)
            let told = self.day(of: (day - offset) * 1440)
            if date.isYearly, told.hasSuffix("-03-12"), told > "2026-03-12", instant > now { return instant }
            if !date.isYearly, told == "2026-03-12" { return max(instant, now) }
            if !date.isYearly, told > "2026-03-12" { return now }
            day += 1
        }
    }

    private func share(_ name: String, _ shares: [Step.Share]) -> [Step] {
        let hash = UniqueID.derived("loods.split", anne.description, "test", "split \(name)").high >> 16
        let total = shares.reduce(0) { $0 + $1.weight }
        let place = Double(hash) / Double(1 << 48 as UInt64) * Double(total)
        var end = 0
        for share in shares {
            end += share.weight
            if place < Double(end) { return share.steps }
        }
        return []
    }

    /// Nil where the time is up.
    private mutating func wait(for awaited: [Step.Awaited], until: Timestamp, _ then: [Step]) throws -> [Step]? {
        let from = behind
        while true {
            for event in events where event.position > from && event.at <= now {
                for each in awaited {
                    guard case .event(event.name, _) = each.what else { continue }
                    behind = event.position
                    return each.steps ?? then
                }
            }
            for each in awaited {
                guard case .condition(let condition) = each.what, holds(condition.source) else { continue }
                behind = .end(of: now)
                return each.steps ?? then
            }
            if now == until {
                behind = .end(of: until)
                return nil
            }
            now = min(nextChange ?? until, until)
            try check()
        }
    }
}
