extension Intake {
    /// Takes the handler's settlements, in the order of the deliveries that it was handed; what it left out is tried
    /// again after a second.
    mutating func handled(_ settlements: [Settlement], lane: Lane, now: ContinuousClock.Instant) {
        var remaining = settlements[...]
        for index in self[lane].held.indices where self[lane].held[index].state == .handed {
            switch remaining.popFirst() ?? .retry(after: .seconds(1)) {
            case .ack:
                self[lane].settle(index, now: now)
            case .retry(let delay):
                self[lane].held[index].state = .pending
                self[lane].held[index].due = now + delay
            case .setAside(let reason):
                self[lane].held[index].state = .settingAside(reason: reason)
                self[lane].held[index].due = now
            }
        }
    }

    mutating func wasSetAside(_ id: Item.ID, succeeded: Bool, lane: Lane, now: ContinuousClock.Instant) {
        guard let index = self[lane].held.firstIndex(where: { $0.id == id }) else { return }
        if succeeded {
            self[lane].settle(index, now: now)
        } else {
            self[lane].held[index].due = now + limits.setAsideDelay
        }
    }

    /// At the end of a session: what is done and not yet acknowledged, to be acknowledged one by one.
    mutating func takeSettledRest(_ lane: Lane) -> [UInt64] { self[lane].takeSettledRest() }
}
