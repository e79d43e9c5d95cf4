import Model

extension Machine {
    /// What the world says to a question.
    func answer(_ question: Operation, from world: some EvaluationContext) -> Slot {
        switch question {
        case .stage: return Slot(.string(world.stage ?? ""))
        case .variable(let number):
            let name = program.tables.variables[number]
            return world.variable(name).map { Slot($0) } ?? fault(.unavailable, "'\(name)' has no value here")
        case .history(let number): return history(program.queries.base + number, world)
        case .score(let name): return score(program.names.base[name], world)
        case .scoreAgainst(let number):
            let asked = program.thresholds.base + number
            let value = world.score(asked.pointee.model)
            return Slot(.double(value), world.score(asked.pointee.model, staysUntil: asked.pointee.threshold))
        case .band(let name):
            let band = world.band(ofScore: program.names.base[name])
            return Slot(.string(band.name ?? ""), band.validUntil)
        case .consented(let name): return Slot(.bool(world.consented(program.names.base[name])))
        case .inSegment(let name): return Slot(.bool(world.isInSegment(program.names.base[name])))
        default: preconditionFailure("the machine performs this operation itself")
        }
    }

    /// A score whose use is not a comparison with a number may matter whenever it changes, which one that fades does all the
    /// time: it is looked at again a minute later at the earliest.
    private func score(_ model: String, _ world: some EvaluationContext) -> Slot {
        let value = world.score(model)
        let changes = world.score(model, staysUntil: value)
        return Slot(.double(value), changes == .distantFuture ? changes : max(changes, world.now + .minutes(1)))
    }

    /// A window of length w holds what is later than now - w: an event exactly w old is out, so it leaves at its time + w.
    private func history(_ place: UnsafePointer<HistoryQuery>, _ world: some EvaluationContext) -> Slot {
        let query = place.pointee
        var after: HistoryPosition?
        if query.sinceRunStart {
            guard let start = world.runStart else { return fault(.unavailable, "there is no run here") }
            after = start
        }
        let past = query.past(in: world, after: after)
        switch query.question {
        case .did: return Slot(.bool(past.carried != nil || !past.times.isEmpty), query.end(of: past.times.last))
        case .count: return Slot(.int(past.count), query.end(of: past.times.first))
        case .sum:
            let since = query.window.map { world.now - $0 }
            let events = world.history.events(named: query.event, after: after, since: since)
            let total = sum(events, query.property, after: past.carried)
            return Slot(.double(total), query.end(of: past.times.first))
        case .first: return instant([past.carried?.first, past.times.first].compactMap(\.self).min(), query)
        case .last: return instant([past.carried?.last, past.times.last].compactMap(\.self).max(), query)
        }
    }

    private func instant(_ time: Timestamp?, _ query: HistoryQuery) -> Slot {
        time.map { Slot(.timestamp($0)) } ?? fault(.never, "'\(query.event)' has not happened")
    }

    /// Adds what are numbers; everything else counts as nothing. The sum is exact and rounded once, so that neither the order
    /// nor what was carried over tells.
    private func sum(_ events: ArraySlice<HistoryEvent>, _ property: String, after carried: CarriedTotal?) -> Double {
        var total = carried?.sums[property] ?? ExactSum()
        for event in events {
            if let number = event.properties[property]?.number { total.add(number) }
        }
        return total.value
    }
}

extension HistoryQuery {
    /// The events that a query is about.
    struct Past {
        /// When they happened.
        var times: ArraySlice<Timestamp>
        /// What is left of those that the log no longer has.
        var carried: CarriedTotal?

        var count: Int64 { (carried?.count ?? 0) + Int64(times.count) }
    }

    /// - Parameter after: only events strictly behind this place.
    func past(in world: some EvaluationContext, after: HistoryPosition? = nil) -> Past {
        let history = world.history
        let times = history.times(named: event, after: after, since: window.map { world.now - $0 })
        // Only a question about all of the past is about them too.
        return Past(times: times, carried: window == nil && !sinceRunStart ? history.carried(named: event) : nil)
    }

    /// When an event leaves the window.
    func end(of time: Timestamp?) -> Timestamp {
        window.flatMap { window in time.map { $0 + window } } ?? .distantFuture
    }
}
