public import Expressions
import Model

extension Journey {
    /// The longest entry key that is stored as it is, in bytes; of a longer one its derived id is.
    private static let entryKeyLimit = 200

    /// The key under which an event starts a run, or nil where it starts none.
    ///
    /// The condition sees the history up to and including the event. Of one key a contact has one run ever: `""` with
    /// `again: never`; with `per-key` the key's text, and without a key (absent, null, empty) the event starts nothing.
    /// Where the journey may be entered again after an exit or every so often, it is the event's id, and `PastEntries`
    /// decides.
    public func entryKey(for event: HistoryEvent, in world: World) -> String? {
        guard case .event(let name, let when) = entry.trigger, name == event.name else { return nil }
        let scene = Scene(world, at: event)
        if let when, !when.holds(in: scene).holds { return nil }
        return entryKey(in: scene, natural: event.eventID)
    }

    /// The key under which reaching a stage starts a run, or nil where it starts none.
    ///
    /// - Parameter position: the place at which it was reached.
    public func entryKey(forStage stage: String, at position: HistoryPosition, in world: World) -> String? {
        guard case .stage(stage) = entry.trigger else { return nil }
        return entryKey(in: Scene(world), natural: "\(position.at) \(position.eventID ?? "")")
    }

    /// The key under which entering a segment starts a run, or nil where it starts none.
    ///
    /// - Parameters:
    ///   - ordinal: how often the contact has entered it, this time included.
    ///   - isBackfill: whether an applied definition found the contact in it.
    public func entryKey(forSegment segment: String, ordinal: Int32, isBackfill: Bool) -> String? {
        guard case .segment(segment, let takesBackfill) = entry.trigger, takesBackfill || !isBackfill else {
            return nil
        }
        return entryKey(natural: String(ordinal))
    }

    /// The key under which leaving a segment starts a run, or nil where it starts none; parameters as for entering it.
    public func entryKey(forLeaving segment: String, ordinal: Int32, isBackfill: Bool) -> String? {
        guard case .left(segment, let takesBackfill) = entry.trigger, takesBackfill || !isBackfill else { return nil }
        return entryKey(natural: "left \(ordinal)")
    }

    /// The key under which a date starts a run, or nil where it starts none.
    ///
    /// - Parameter occurrence: the date's own key.
    public func entryKey(forDate occurrence: String, in world: World) -> String? {
        guard case .date(_, let when) = entry.trigger else { return nil }
        if let when, !when.holds(in: Scene(world)).holds { return nil }
        return entryKey(natural: occurrence)
    }

    /// The key under which another journey starts a run, whatever else starts this one: its condition is not asked.
    ///
    /// - Parameter caller: names the visit of the step that does (`Journey.callKey`).
    public func entryKey(forCall caller: String) -> String {
        if case .never = entry.again { return "" }
        return Self.stored(caller)
    }

    private func entryKey(in scene: Scene, natural: String) -> String? {
        guard case .perKey(let expression) = entry.again else { return entryKey(natural: natural) }
        guard let value = try? expression.evaluate(scene).value, let text = value.keyText, !text.isEmpty else {
            return nil
        }
        return Self.stored(text)
    }

    /// - Parameter natural: what tells one occasion from another.
    private func entryKey(natural: String) -> String? {
        switch entry.again {
        case .never: ""
        case .perKey: nil
        case .perOccurrence, .afterExit, .every: Self.stored(natural)
        }
    }

    private static func stored(_ key: String) -> String {
        key.utf8.count <= entryKeyLimit ? key : UniqueID.derived("loods.entry-key", key).description
    }

    /// Begins a run and takes its first steps.
    ///
    /// - Parameters:
    ///   - position: The place of the event that started it; for a stage, the place at which it was reached.
    ///   - occurrence: of the broadcast that it is. By the contact's own clocks, the first step waits for them.
    public func start(
        at position: HistoryPosition, of occurrence: Schedule.Occurrence? = nil, in world: World
    ) throws(JourneyError) -> Activation {
        let entered = enter(at: position, of: occurrence, in: world)
        var activation = try step(entered.run, in: world)
        activation.effects = entered.effects + activation.effects
        return activation
    }

    /// Begins a run that stands still before its first step.
    public func enter(
        at position: HistoryPosition, of occurrence: Schedule.Occurrence? = nil, in world: World
    ) -> Activation {
        var run = RunState(startedAt: world.now, entry: position, step: table.lines[table.first].name)
        if let occurrence, broadcast?.schedule.isLocal == true {
            let opening = occurrence.instant(in: world.contactZone)
            if opening > world.now { run.opensAt = opening }
        }
        run.awaitsTurn = throttle != nil
        return Activation(run: run, effects: [.decide(entryDecision(position, occurrence))], wake: nil)
    }

    private func entryDecision(_ position: HistoryPosition, _ occurrence: Schedule.Occurrence?) -> Decision {
        var saw: [String: JSON] = ["at": position.at.told]
        if let occurrence { saw["occurrence"] = .string("\(occurrence)") }
        switch entry.trigger {
        case .event(let name, let when):
            saw["event"] = .string(name)
            if let id = position.eventID { saw["id"] = .string(id) }
            if let when { saw["condition"] = .string(when.source) }
        case .stage(let stage): saw["stage"] = .string(stage)
        case .segment(let segment, _): saw["segment"] = .string(segment)
        case .left(let segment, _): saw["left"] = .string(segment)
        case .date(let date, let when):
            saw["date"] = .string(date.description)
            if let when { saw["condition"] = .string(when.source) }
        case .broadcast(let broadcast): if occurrence != nil { saw["segment"] = .string(broadcast.segment) }
        case .called: break
        }
        return Decision(step: "enter", choice: "started", saw: .object(saw))
    }
}

extension Value {
    /// The value as an entry key, or as cases name it; lists, maps and null are none.
    var keyText: String? {
        switch self {
        case .string(let text): text
        case .int(let number): String(number)
        case .uint(let number): String(number)
        case .double(let number): Int64(exactly: number).map { String($0) } ?? "\(number)"
        case .bool(let value): String(value)
        default: nil
        }
    }
}
