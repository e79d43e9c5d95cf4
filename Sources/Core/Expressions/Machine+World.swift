import Model

extension Machine {
    /// Operations that read a constant or the world.
    func read(_ operation: Operation) -> Slot {
        switch operation {
        case .constant(let index): lasting(program.constants[index])
        case .contact: lasting(world.contact == .null ? .map(MapValue([:])) : Value(world.contact))
        case .stage: lasting(.string(world.stage ?? ""))
        case .event: world.event.map { lasting(Value($0)) } ?? fault(.unavailable, "there is no event here")
        case .history(let index): history(program.queries[index])
        case .score(let model): score(model)
        case .scoreAgainst(let model, let threshold):
            Slot(
                content: .value(.double(world.score(model))),
                validUntil: world.score(model, staysUntil: threshold))
        case .consented(let topic): lasting(.bool(world.consented(topic)))
        case .inSegment(let name): lasting(.bool(world.isInSegment(name)))
        default: preconditionFailure("the machine performs this operation itself")
        }
    }

    private func lasting(_ value: Value) -> Slot { Slot(content: .value(value), validUntil: .distantFuture) }

    /// A score whose use is not a comparison with a number may matter at any time: it is looked at again a minute later.
    private func score(_ model: String) -> Slot {
        let value = world.score(model)
        let decays = value != 0 && world.halfLife(ofScore: model) != nil
        return Slot(
            content: .value(.double(value)), validUntil: decays ? world.now + .minutes(1) : .distantFuture)
    }

    /// A window of length w holds what is later than now - w: an event exactly w old is out, so it leaves at its time + w.
    private func history(_ query: HistoryQuery) -> Slot {
        var after: HistoryPosition?
        if query.sinceRunStart {
            guard let start = world.runStart else { return fault(.unavailable, "there is no run here") }
            after = start
        }
        let since = query.window.map { world.now - $0 }
        let events = world.history.events(named: query.event, after: after, since: since)
        let oldest = query.question == .did ? events.last : events.first
        let leaves = query.window.flatMap { window in oldest.map { $0.at + window } } ?? .distantFuture
        switch query.question {
        case .did: return Slot(content: .value(.bool(!events.isEmpty)), validUntil: leaves)
        case .count: return Slot(content: .value(.int(Int64(events.count))), validUntil: leaves)
        case .sum: return Slot(content: .value(.double(sum(events, query.property))), validUntil: leaves)
        case .first, .last:
            guard let event = query.question == .first ? events.first : events.last else {
                return fault(.never, "'\(query.event)' has not happened")
            }
            return lasting(.timestamp(event.at))
        }
    }

    /// Adds what are numbers, oldest first; everything else counts as nothing.
    private func sum(_ events: ArraySlice<HistoryEvent>, _ property: String) -> Double {
        var total = 0.0
        for event in events { total += event.properties[property]?.number ?? 0 }
        return total
    }
}
