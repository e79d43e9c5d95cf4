import Expressions
import Model

extension Engine {
    /// The next such time of day, and behind it the contact's own place in the spread.
    mutating func wait(for time: DailyTime, _ line: StepTable.Line) {
        let lag = Journey.lag(
            contact: world.contact, journey: journey.name, step: StepVisit(step: line.name, visit: line.visit),
            within: time.spread)
        run.phase = .waiting(until: time.first(notBefore: since, in: world.contactZone) + lag)
    }

    /// A date that has been, or that the contact does not have, is not waited for.
    mutating func wait(for date: ContactDate, _ line: StepTable.Line) {
        let origin = date.isYearly ? since : .distantPast
        if let next = date.first(after: origin, of: world.facts.contact, in: world.contactZone) {
            run.phase = .waiting(until: max(next.at, since))
        } else {
            decide(line.name, visit: line.visit, "no date", ["date": .string(date.description)])
            go(to: line.next, since: since, behind: behind)
        }
    }

    /// The first fitting event in (time, event id) order decides, also when it becomes known after the time is up; without
    /// one, the first condition that holds. Of two that one event fits, the first as written.
    mutating func finds(
        _ awaited: [StepTable.Awaited], behind: HistoryPosition, until: Timestamp, _ line: StepTable.Line
    ) -> Bool {
        if let (event, found) = firstEvent(for: awaited, behind: behind, until: until) {
            decide(
                line.name, visit: line.visit, found.choice,
                ["event": .string(event.name), "id": .string(event.eventID), "at": event.at.told])
            go(to: found.place, since: world.now, behind: event.position, due: event.at)
            return true
        }
        if let (condition, found) = firstCondition(of: awaited, until: until) {
            decide(line.name, visit: line.visit, found.choice, ["came true": .string(condition.source)])
            go(to: found.place, since: world.now, behind: .end(of: min(world.now, until)), due: min(world.now, until))
            return true
        }
        guard isDue(until) else { return false }
        let names = awaited.map(\.what.told).joined(separator: " or ")
        decide(line.name, visit: line.visit, "else", ["waited for": .string(names), "until": until.told])
        go(to: line.next, since: world.now, behind: .end(of: until), due: until)
        return true
    }

    private mutating func firstEvent(
        for awaited: [StepTable.Awaited], behind: HistoryPosition, until: Timestamp
    ) -> (event: HistoryEvent, found: StepTable.Awaited)? {
        let window = world.facts.history.upTo(.end(of: until))
        var first: (event: HistoryEvent, found: StepTable.Awaited)?
        for each in awaited {
            guard case .event(let name, let when) = each.what else { continue }
            let event = window.events(named: name, after: behind).first { fits($0, when) }
            guard let event, first.map({ event.position < $0.event.position }) ?? true else { continue }
            first = (event, each)
        }
        return first
    }

    private mutating func fits(_ event: HistoryEvent, _ condition: Expression?) -> Bool {
        guard let condition else { return true }
        return holds(condition, event: event)
    }

    /// An activation after the time is up sees the log as it was then, so that it decides as a punctual one would have.
    private mutating func firstCondition(
        of awaited: [StepTable.Awaited], until: Timestamp
    ) -> (condition: Expression, found: StepTable.Awaited)? {
        let scene = Scene(world, runStart: run.entry, before: until + Span(microseconds: 1))
        for each in awaited {
            guard case .condition(let condition) = each.what, noting(condition.holds(in: scene)) else { continue }
            return (condition, each)
        }
        return nil
    }
}
