import Expressions
import Model

/// One activation of a run under way.
struct Engine {
    let journey: Journey
    var world: World
    var run: RunState
    var effects: [Effect] = []
    private(set) var wake: Timestamp?

    /// When the run came to the step at hand: waits count from here.
    private(set) var since: Timestamp
    /// What lay behind the run in the contact's history then: a `wait_for` sees events strictly behind this place, so that
    /// it misses none that came while an activation was late.
    private(set) var behind: HistoryPosition
    /// When the step at hand was due: when what led to it happened, however late that is known.
    var due: Timestamp

    init(journey: Journey, world: World, run: RunState) {
        self.journey = journey
        self.world = world
        self.run = run
        since = world.now
        behind = run.entry
        due = min(run.entry.at, world.now)
        self.world.answers = run.answers
    }

    mutating func activate() throws(JourneyError) {
        if reachesGoal() || meetsExit() { return }
        guard opens() else { return }
        repeat {
            let line = try currentLine()
            if run.phase == .arriving { begin(line) }
            guard try passes(line) else { return }
        } while true
    }

    private func currentLine() throws(JourneyError) -> StepTable.Line {
        guard let place = journey.table.place(named: run.step, visit: run.visit) else {
            throw JourneyError(code: .unknownStep, message: "there is no step \"\(run.step)\"")
        }
        return journey.table.lines[place]
    }

    // MARK: Goal and exit

    /// Only what lies before the lapse counts, however early it is known. The first activation at or after the lapse sees
    /// the log as it was just before, so that a late one decides as a punctual one would have; after it the goal is closed.
    private mutating func reachesGoal() -> Bool {
        guard let goal = journey.goal, !run.goalHasLapsed else { return false }
        let lapse = goal.within.map { run.startedAt + $0 }
        let result = goal.when.holds(in: Scene(world, runStart: run.entry, before: lapse))
        if let lapse, world.now >= lapse {
            run.goalHasLapsed = true
        } else {
            look(at: min(result.validUntil, lapse ?? .distantFuture))
        }
        if result.holds {
            var saw: [String: JSON] = ["condition": .string(goal.when.source)]
            if goal.value != nil { saw["value"] = worth(of: goal, before: lapse) }
            end(.converted, step: "goal", saw: saw)
        }
        return result.holds
    }

    /// More than this is no worth of anything, so that what goals are worth can be added up.
    private static let mostWorth = 1e15

    /// What a goal is worth as it is reached, with what its condition sees; null where that is no number.
    private func worth(of goal: Journey.Goal, before lapse: Timestamp?) -> JSON {
        let scene = Scene(world, runStart: run.entry, before: lapse)
        return switch try? goal.value?.evaluate(scene).value {
        case .int(let number) where Double(number).magnitude <= Self.mostWorth: .int(number)
        case .uint(let number) where Double(number) <= Self.mostWorth: .double(Double(number))
        case .double(let number) where number.magnitude <= Self.mostWorth: .double(number)
        default: .null
        }
    }

    private mutating func meetsExit() -> Bool {
        guard let exit = journey.exit, holds(exit) else { return false }
        end(.exited, step: "exit", saw: ["condition": .string(exit.source)])
        return true
    }

    mutating func end(_ outcome: Journey.Outcome, step: String, saw: [String: JSON] = [:]) {
        run.phase = .ended(outcome)
        wake = nil
        decide(step, outcome.rawValue, saw)
        effects.append(.end(outcome))
    }

    /// Whether a condition holds now, as `noting` takes it.
    mutating func holds(_ condition: Expression, event: HistoryEvent? = nil) -> Bool {
        var event = event
        if let seen = event, let page = world.page, condition.readsEvent("page") { event?.page = page(seen) }
        return noting(condition.holds(in: Scene(world, event: event, runStart: run.entry)))
    }

    /// Whether something holds; where it does not, the run is looked at again when time alone may change that.
    mutating func noting(_ result: (holds: Bool, validUntil: Timestamp)) -> Bool {
        if !result.holds { look(at: result.validUntil) }
        return result.holds
    }

    // MARK: Steps

    private mutating func begin(_ line: StepTable.Line) {
        switch line.operation {
        case .email(let template, let guards):
            if isKept(from: template, guards, line) { return }
            send(template, line)
        case .stream(let stream, let guards, let exhausted): draw(from: stream, guards, exhausted: exhausted, line)
        case .test(let test, _): tryOut(test, line)
        case .call(let call, let late):
            if isLate(late, line) { return }
            run.phase = .sending
            effects.append(.call(StepVisit(step: line.name, visit: line.visit), call))
        case .wait(let span): run.phase = .waiting(until: since + span)
        case .waitUntil(let time): wait(for: time, line)
        case .waitUntilDate(let date): wait(for: date, line)
        case .await(_, let atMost): run.phase = .waitingForEvent(behind: behind, until: since + atMost)
        case .choose(let arms): choose(arms, line)
        case .select(let value, let cases): select(value, cases, line)
        case .split(let shares): split(shares, line)
        case .leave(let until, let place): leave(until, to: place, line)
        case .change(let change):
            effects.append(.change(StepVisit(step: line.name, visit: line.visit), change))
            decide(line.name, visit: line.visit, change.kind, [change.kind: change.told])
            go(to: line.next, since: since, behind: behind)
        case .end:
            if goalIsOpen { run.phase = .waitingForGoal } else { end(.finished, step: "end") }
        }
    }

    /// Whether the run moves on from the step; where it does not, it is parked or at its end.
    private mutating func passes(_ line: StepTable.Line) throws(JourneyError) -> Bool {
        switch (run.phase, line.operation) {
        case (.arriving, _): return true
        case (.ended, _): return false
        case (.sending, .email), (.sending, .stream), (.sending, .test), (.sending, .call):
            guard let verdict = world.verdicts[StepVisit(step: line.name, visit: line.visit)] else { return false }
            if case .call = line.operation { take(verdict, of: line.name) }
            if verdict.endsRun {
                end(.exited, step: "exit", saw: ["not sent": .string(line.name)])
                return false
            }
            if verdict.outcome == .held { decide(line.name, visit: line.visit, "held, went on", [:]) }
            go(to: line.next, since: verdict.at, behind: .end(of: verdict.at), due: verdict.at)
        case (.waiting(let until), .wait), (.waiting(let until), .waitUntil), (.waiting(let until), .waitUntilDate):
            guard isDue(until) else { return false }
            go(to: line.next, since: world.now, behind: .end(of: until), due: until)
        case (.waiting(let until), .test):
            sendWinner(until, line)
            return false
        case (.waitingForEvent(let behind, let until), .await(let awaited, _)):
            return finds(awaited, behind: behind, until: until, line)
        case (.waitingForGoal, .end):
            if !goalIsOpen { end(.finished, step: "end") }
            return false
        default: throw JourneyError(code: .unknownStep, message: "a run cannot stand so at step \"\(run.step)\"")
        }
        return true
    }

    /// Keeps what a step was answered, for conditions behind it; of what repeats the last.
    private mutating func take(_ verdict: MessageVerdict, of step: String) {
        run.answers[step] = verdict.told
        world.answers = run.answers
    }

    private var goalIsOpen: Bool { journey.goal?.within != nil && !run.goalHasLapsed }

    /// - Parameter due: when what leads there happened; nil: as the step before it.
    mutating func go(
        to place: StepTable.Place, since: Timestamp, behind: HistoryPosition, due: Timestamp? = nil
    ) {
        self.since = since
        if let due { self.due = due }
        // An entry may be dated later than what follows it, and the run sees nothing up to it.
        self.behind = max(behind, run.entry)
        run.step = journey.table.lines[place].name
        run.visit = journey.table.lines[place].visit
        run.phase = .arriving
    }

    mutating func decide(_ step: String, visit: Int = 1, _ choice: String, _ saw: [String: JSON]) {
        effects.append(.decide(Decision(step: step, visit: visit, choice: choice, saw: .object(saw))))
    }

    // MARK: Time

    /// Whether an instant has come; where not, the run is looked at then.
    mutating func isDue(_ instant: Timestamp) -> Bool {
        if world.now >= instant { return true }
        look(at: instant)
        return false
    }

    private mutating func look(at instant: Timestamp) {
        guard instant < .distantFuture else { return }
        let instant = max(instant, world.now + Span(microseconds: 1))
        wake = min(wake ?? instant, instant)
    }
}
