/// When a lane is opened, and with how much; when it is cancelled; what is given back.
///
/// A worker that dies gives everything in its hands back with a failed attempt more. So a lane begins with one body at
/// a time, and takes its full prefetch only once a body that is no suspect has been settled; a suspect is handed when
/// nothing else is held, as far as that can be had. A lane changes its prefetch by being cancelled, worked off, and
/// opened again: quorum queues know no other way.
extension Intake {
    /// Bodies on their way back, each by its tag, in the queue's order.
    struct Returned: Equatable {
        enum Reason: String {
            case heldTooLong = "held too long"
            case behindSuspect = "behind a body that may kill workers"
            case shuttingDown = "not done when the process was shut down"
        }

        /// To be acknowledged: done, but behind something that is not.
        var done: [Item.ID]
        var rest: [Item.ID]
        var reason: Reason
    }

    mutating func cancelStep(now: ContinuousClock.Instant) -> Step? {
        for lane in lanes where mustCancel(lane) {
            if let arrival = arrival(lane), arrival > now { continue }
            self[lane].flow = .cancelling
            return .cancel(lane)
        }
        return nil
    }

    /// A lane that is to be cancelled acknowledges nothing more until it is, or the next body would be on its way.
    mutating func ackStep(now: ContinuousClock.Instant) -> Step? {
        for lane in lanes where !mustCancel(lane) {
            if let tag = self[lane].takeSettledPrefix() {
                self[lane].lastGrant = now
                return .ack(lane, upTo: tag)
            }
        }
        return nil
    }

    func mustCancel(_ lane: Lane) -> Bool {
        guard case .open(let prefetch) = self[lane].flow else { return false }
        if phase != .working || lane == .bulk && live.hasSuspect { return true }
        return prefetch > 1 && self[lane].hasSuspect || prefetch < limits.prefetch && self[lane].isTrusted
    }

    /// When everything will be here that the broker has been allowed to send; nil where it is.
    ///
    /// RabbitMQ 3.10 sends what it was about to send even after it has confirmed the cancelling, when nobody takes it: that
    /// would go back as a failed attempt.
    func arrival(_ lane: Lane) -> ContinuousClock.Instant? {
        guard case .open(let prefetch) = self[lane].flow, self[lane].count < prefetch else { return nil }
        return self[lane].lastGrant.map { $0 + limits.arrival }
    }

    mutating func wasCancelled(_ lane: Lane) { self[lane].flow = .closed }

    mutating func giveBackStep(now: ContinuousClock.Instant) -> Step? {
        for lane in lanes where self[lane].flow == .closed {
            if phase == .pausing, isOverdue(lane, now: now) {
                return .giveBack(lane, self[lane].takeAll(.heldTooLong))
            }
            if let returned = self[lane].takeBehindSuspect() { return .giveBack(lane, returned) }
        }
        return nil
    }

    /// Once nothing more can be worked off: what is being retried goes back.
    mutating func lastStep() -> Step? {
        guard phase != .working, lanes.allSatisfy({ self[$0].flow == .closed }) else { return nil }
        for lane in lanes where !self[lane].isEmpty {
            return .giveBack(lane, self[lane].takeAll(phase == .stopping ? .shuttingDown : .heldTooLong))
        }
        return phase == .stopping ? .finish : .awaitUsable
    }

    mutating func openStep(now: ContinuousClock.Instant) -> Step? {
        guard phase == .working else { return nil }
        for lane in lanes where self[lane].flow == .closed && self[lane].isEmpty {
            if lane == .bulk, !live.isTrusted, bulkOpening.map({ $0 > now }) ?? true { continue }
            let prefetch = self[lane].isTrusted ? limits.prefetch : 1
            self[lane].open(prefetch, now: now)
            return .subscribe(lane, prefetch: prefetch)
        }
        return nil
    }

    /// When bulk is opened although live has not shown that it is harmless. Were both opened at once, the same body at
    /// the head of bulk would be in hand whenever one in live kills the worker, and die with it.
    var bulkOpening: ContinuousClock.Instant? {
        guard lanes.contains(.bulk), bulk.flow == .closed, bulk.isEmpty, live.isEmpty, phase == .working
        else { return nil }
        return live.lastNews.map { $0 + limits.headStart }
    }
}
