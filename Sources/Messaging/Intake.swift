/// What a consumer holds and what it does next: a value without sockets, clocks or tasks.
///
/// Live goes before bulk; one batch at a time; what is retried stays in place and blocks what came after it in its own
/// lane; acknowledgements cover a contiguous prefix. Each lane is a subscription of its own, opened and cancelled as
/// `Intake+Flow.swift` says, so that a body that kills workers takes no other with it. Whoever drives it asks
/// ``next(now:)``, does what it says, and reports back.
struct Intake {
    struct Limits {
        /// One call of the handler.
        var bodies: Int
        /// The same of the bulk lane; nil is as many.
        var bulkBodies: Int?
        var bytes: Int
        /// Bodies of a trusted lane that may be here unacknowledged.
        var prefetch: UInt16
        /// Held longer, a delivery is given back, before the broker's consumer time-out (30 minutes) takes it.
        var holding: Duration = .seconds(20 * 60)
        /// Bulk gets a turn at least this often while live never rests: one batch, so that it costs live little and does not
        /// stand still itself.
        var bulkTurn: Duration = .seconds(5)
        /// Before setting aside is tried again.
        var setAsideDelay: Duration = .seconds(1)
        /// How long a live lane that is not trusted must be silent before bulk is opened beside it.
        var headStart: Duration = .milliseconds(250)
        /// How long after it was allowed the broker may take to send a body.
        var arrival: Duration = .milliseconds(100)
    }

    enum Step {
        /// Wait until what the handler needs is there, then ``isUsable()``.
        case awaitUsable
        /// Subscribe to the lane, anew if it was cancelled before.
        case subscribe(Lane, prefetch: UInt16)
        /// Stop the lane's flow, then ``wasCancelled(_:)``; what came until then is received as ever.
        case cancel(Lane)
        /// Acknowledge everything up to and including this tag.
        case ack(Lane, upTo: Item.ID)
        /// Call the handler, then ``handled(_:lane:now:)``.
        case hand(Lane, [Delivery])
        /// Call the closure, then ``wasSetAside(_:succeeded:lane:now:)``.
        case setAside(Lane, Item.ID, Delivery, reason: String)
        /// Return bodies to the broker; they have been forgotten here.
        case giveBack(Lane, Returned)
        /// Ask again when something arrives, at the latest at this instant.
        case wait(until: ContinuousClock.Instant?)
        /// Nothing more is to be done.
        case finish
    }

    struct Item {
        typealias ID = UInt64
        enum State: Equatable {
            case pending
            /// With the handler at this moment.
            case handed
            case settingAside(reason: String)
            case done
        }

        /// The broker's delivery tag.
        let id: ID
        let delivery: Delivery
        let received: ContinuousClock.Instant
        var state = State.pending
        var due: ContinuousClock.Instant
        /// The handler has had it: when it is pending now, it is being retried.
        var wasHanded = false
    }

    enum Phase {
        /// Nothing is subscribed, or soon nothing will be: what the handler needs may be away.
        case pausing
        case working
        /// What is held is worked off, and that is all.
        case stopping
    }

    let limits: Limits
    let lanes: [Lane]
    var live = Shelf()
    var bulk = Shelf()
    private var lastBulkTurn: ContinuousClock.Instant?
    private(set) var phase = Phase.pausing

    init(limits: Limits, lanes: [Lane] = Lane.allCases) {
        self.limits = limits
        self.lanes = lanes
    }

    mutating func receive(_ delivery: Delivery, tag: UInt64, now: ContinuousClock.Instant) {
        if delivery.lane == .bulk, bulk.isEmpty { lastBulkTurn = now }
        self[delivery.lane].receive(Item(id: tag, delivery: delivery, received: now, due: now), now: now)
    }

    /// From here on nothing new is taken.
    mutating func stop() { phase = .stopping }

    /// What the handler needs is there. Who was trusted before must earn it again.
    mutating func isUsable() {
        live.isTrusted = false
        bulk.isTrusted = false
        if phase == .pausing { phase = .working }
    }

    // MARK: What next

    mutating func next(now: ContinuousClock.Instant) -> Step {
        if phase == .working, lanes.contains(where: { isOverdue($0, now: now) }) { phase = .pausing }
        return cancelStep(now: now) ?? ackStep(now: now) ?? giveBackStep(now: now) ?? workStep(now: now) ?? lastStep()
            ?? openStep(now: now) ?? .wait(until: alarm(after: now))
    }

    private mutating func workStep(now: ContinuousClock.Instant) -> Step? {
        if isBulkOverdue(now: now), let step = work(.bulk, now: now) { return step }
        // A suspect may be what kills this worker: nothing else should be in its hands then.
        if live.isSuspectNext, !bulk.isSuspectNext, let step = work(.bulk, now: now) { return step }
        if let step = work(.live, now: now) { return step }
        return live.isEmpty || phase != .working ? work(.bulk, now: now) : nil
    }

    /// A lane's next piece of work, if it has any that is due.
    private mutating func work(_ lane: Lane, now: ContinuousClock.Instant) -> Step? {
        if self[lane].isSuspectNext, mustCancel(lane) || lane == .live && mustCancel(.bulk) { return nil }
        if self[lane].held.isEmpty { self[lane].begin(limits, bodies: lane == .bulk ? limits.bulkBodies : nil) }
        if let step = setAsideStep(lane, now: now) { return step }
        let handed = self[lane].handOut(now: now, retries: phase == .working)
        guard !handed.isEmpty else { return nil }
        if lane == .bulk { lastBulkTurn = now }
        return .hand(lane, handed)
    }

    private func setAsideStep(_ lane: Lane, now: ContinuousClock.Instant) -> Step? {
        for item in self[lane].held where item.due <= now {
            if case .settingAside(let reason) = item.state {
                return .setAside(lane, item.id, item.delivery, reason: reason)
            }
        }
        return nil
    }

    private func isBulkOverdue(now: ContinuousClock.Instant) -> Bool {
        guard !bulk.isEmpty, let lastBulkTurn else { return false }
        return lastBulkTurn + limits.bulkTurn <= now
    }

    func isOverdue(_ lane: Lane, now: ContinuousClock.Instant) -> Bool {
        self[lane].oldest.map { $0 + limits.holding <= now } ?? false
    }

    /// When time alone brings something to do. What is due already waits for something else, not for time.
    private func alarm(after now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        let bulkTurn = bulk.isEmpty ? nil : lastBulkTurn.map { $0 + limits.bulkTurn }
        let instants = [live, bulk].flatMap { [$0.nextDue, $0.oldest.map { $0 + limits.holding }] }
        let arrivals = lanes.map { mustCancel($0) ? arrival($0) : nil }
        return (instants + arrivals + [bulkTurn, bulkOpening]).compactMap { $0 }.filter { $0 > now }.min()
    }

    subscript(lane: Lane) -> Shelf {
        get { lane == .live ? live : bulk }
        _modify { if lane == .live { yield &live } else { yield &bulk } }
    }
}
