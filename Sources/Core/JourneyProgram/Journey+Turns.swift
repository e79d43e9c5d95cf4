import Model

extension Journey {
    /// How fast runs begin, where the journey has no schedule; nil: at once. What exceeds it waits for its turn, first come
    /// first served.
    public var throttle: Broadcast.Throttle? { broadcast == nil ? entry.throttle : nil }

    /// What decisions say of a run whose turn has come after it had waited.
    public static let turnCame = "its turn came"
}

extension Engine {
    /// Whether the first step may be taken: the contact's clocks show its time, and where a throttle lets few begin at once,
    /// it is the run's turn.
    mutating func opens() -> Bool {
        if let opening = run.opensAt {
            guard isDue(opening) else { return false }
            run.opensAt = nil
            due = opening
        }
        guard run.awaitsTurn else { return true }
        guard world.hasTurn else { return false }
        run.awaitsTurn = false
        due = world.now
        guard world.now > run.startedAt else { return true }
        let saw: [String: JSON] = ["since": run.startedAt.told]
        if let late = journey.entry.late, late.isOver(run.startedAt, now: world.now) {
            end(.exited, step: "exit", saw: saw.merging(["late after": .string("\(late.after)")]) { $1 })
            return false
        }
        // The second word on its entry: the first is that it was let in.
        decide("enter", visit: 2, Journey.turnCame, saw)
        return true
    }
}
