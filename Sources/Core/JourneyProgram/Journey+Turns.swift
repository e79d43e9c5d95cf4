import Model

extension Journey {
    /// How fast runs begin that have entered; nil: at once. What exceeds it waits for its turn, first come first served: by
    /// the contacts' own clocks, whose time came first. Another broadcast lets its members in at its pace.
    public var throttle: Broadcast.Throttle? {
        guard let broadcast else { return entry.throttle }
        return broadcast.schedule.isLocal ? broadcast.throttle : nil
    }

    /// How fast a broadcast lets its members in; nil: as fast as schedulers go.
    public var pace: Broadcast.Throttle? { broadcast.flatMap { $0.schedule.isLocal ? nil : $0.throttle } }

    /// What decisions say of a run whose turn has come after it had waited.
    public static let turnCame = "its turn came"
}

extension Engine {
    /// Whether the first step may be taken: the contact's clocks show its time, and where a throttle lets few begin at once,
    /// it is the run's turn.
    mutating func opens() -> Bool {
        // A turn comes no earlier than the contact's clocks show the time.
        if run.awaitsTurn, !world.hasTurn { return false }
        var since = run.startedAt
        if let opening = run.opensAt {
            guard isDue(opening) else { return false }
            run.opensAt = nil
            due = opening
            since = max(since, opening)
        }
        guard run.awaitsTurn else { return true }
        run.awaitsTurn = false
        due = world.now
        guard world.now > since else { return true }
        let saw: [String: JSON] = ["since": since.told]
        if let late = journey.entry.late, late.isOver(since, now: world.now) {
            end(.exited, step: "exit", saw: saw.merging(["late after": .string("\(late.after)")]) { $1 })
            return false
        }
        // The second word on its entry: the first is that it was let in.
        decide("enter", visit: 2, Journey.turnCame, saw)
        return true
    }
}
