/// What a consumer holds and what it does next: a value without sockets, clocks or tasks.
///
/// Live goes before bulk; one batch at a time; what is retried stays in place and blocks what came after it in its own
/// lane; acknowledgements cover a contiguous prefix. Whoever drives it asks ``next(now:)``, does what it says, and
/// reports back.
struct Intake {
    struct Limits {
        var bodies: Int
        var bytes: Int
        /// Held longer, a delivery is given back, before the broker's consumer time-out (30 minutes) takes it.
        var holding: Duration = .seconds(20 * 60)
        /// Bulk gets a turn at least this often while live never rests, or it would be given back again and again.
        var bulkTurn: Duration = .seconds(5 * 60)
        /// Before setting aside is tried again.
        var setAsideDelay: Duration = .seconds(1)
    }

    enum Step {
        /// Call the handler, then ``handled(_:lane:now:)``.
        case hand(Lane, [Delivery])
        /// Call the closure, then ``wasSetAside(_:succeeded:lane:now:)``.
        case setAside(Lane, Item.ID, Delivery, reason: String)
        /// Return everything up to and including this tag to the broker; it has been forgotten here.
        case giveBack(Lane, upTo: UInt64)
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
    }

    /// One lane: what waits, and the batch that was begun and is not yet settled.
    fileprivate struct Shelf {
        var waiting: [Item] = []
        var held: [Item] = []
        var oldest: ContinuousClock.Instant? { held.first?.received ?? waiting.first?.received }
        var nextDue: ContinuousClock.Instant? { held.filter { $0.state != .done }.map(\.due).min() }
        var isEmpty: Bool { waiting.isEmpty && held.isEmpty }
    }

    let limits: Limits
    private var live = Shelf()
    private var bulk = Shelf()
    private var lastBulkTurn: ContinuousClock.Instant?
    private(set) var isStopping = false

    init(limits: Limits) {
        self.limits = limits
    }

    mutating func receive(_ delivery: Delivery, tag: UInt64, now: ContinuousClock.Instant) {
        let item = Item(id: tag, delivery: delivery, received: now, due: now)
        switch delivery.lane {
        case .live: live.waiting.append(item)
        case .bulk:
            if bulk.isEmpty { lastBulkTurn = now }
            bulk.waiting.append(item)
        }
    }

    /// From here on nothing new is begun.
    mutating func stop() { isStopping = true }

    // MARK: What next

    mutating func next(now: ContinuousClock.Instant) -> Step {
        if isStopping { return lastStep(now: now) }
        for lane in Lane.allCases {
            if let step = giveBack(lane, now: now) { return step }
        }
        if isBulkOverdue(now: now), let step = work(.bulk, now: now) { return step }
        if !live.isEmpty {
            return work(.live, now: now) ?? .wait(until: alarm(after: now))
        }
        return work(.bulk, now: now) ?? .wait(until: alarm(after: now))
    }

    /// A lane's next piece of work, if it has any that is due.
    private mutating func work(_ lane: Lane, now: ContinuousClock.Instant) -> Step? {
        if self[lane].held.isEmpty { self[lane].begin(limits, now: now) }
        if let step = setAsideStep(lane, now: now) { return step }
        let handed = self[lane].handOut(now: now)
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

    private func lastStep(now: ContinuousClock.Instant) -> Step {
        setAsideStep(.live, now: now) ?? setAsideStep(.bulk, now: now) ?? .finish
    }

    private mutating func giveBack(_ lane: Lane, now: ContinuousClock.Instant) -> Step? {
        guard let oldest = self[lane].oldest, oldest + limits.holding <= now else { return nil }
        guard let last = self[lane].waiting.last ?? self[lane].held.last else { return nil }
        self[lane] = Shelf()
        return .giveBack(lane, upTo: last.id)
    }

    private func isBulkOverdue(now: ContinuousClock.Instant) -> Bool {
        guard !bulk.isEmpty, let lastBulkTurn else { return false }
        return lastBulkTurn + limits.bulkTurn <= now
    }

    /// When time alone brings something to do. What is due already waits for something else, not for time.
    private func alarm(after now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        let bulkTurn = bulk.isEmpty ? nil : lastBulkTurn.map { $0 + limits.bulkTurn }
        let instants = [live, bulk].flatMap { [$0.nextDue, $0.oldest.map { $0 + limits.holding }] } + [bulkTurn]
        return instants.compactMap { $0 }.filter { $0 > now }.min()
    }

    private subscript(lane: Lane) -> Shelf {
        get { lane == .live ? live : bulk }
        _modify { if lane == .live { yield &live } else { yield &bulk } }
    }
}

extension Intake.Shelf {
    fileprivate mutating func handOut(now: ContinuousClock.Instant) -> [Delivery] {
        var handed: [Delivery] = []
        for index in held.indices where held[index].state == .pending && held[index].due <= now {
            held[index].state = .handed
            handed.append(held[index].delivery)
        }
        return handed
    }

    /// Moves the next batch from what waits; never waits for more.
    fileprivate mutating func begin(_ limits: Intake.Limits, now: ContinuousClock.Instant) {
        var count = 0
        var bytes = 0
        for item in waiting {
            let isAlone = item.delivery.isSuspect
            if count > 0, isAlone || count == limits.bodies || bytes + item.delivery.body.count > limits.bytes { break }
            count += 1
            bytes += item.delivery.body.count
            if isAlone { break }
        }
        held = Array(waiting.prefix(count))
        waiting.removeFirst(count)
    }
}

// MARK: Reports

extension Intake {
    /// Takes the handler's settlements, in the order of the deliveries that it was handed; what it left out is tried
    /// again after a second. Answers the tag up to which everything may be acknowledged.
    mutating func handled(_ settlements: [Settlement], lane: Lane, now: ContinuousClock.Instant) -> UInt64? {
        var remaining = settlements[...]
        for index in self[lane].held.indices where self[lane].held[index].state == .handed {
            switch remaining.popFirst() ?? .retry(after: .seconds(1)) {
            case .ack:
                self[lane].held[index].state = .done
            case .retry(let delay):
                self[lane].held[index].state = .pending
                self[lane].held[index].due = now + delay
            case .setAside(let reason):
                self[lane].held[index].state = .settingAside(reason: reason)
                self[lane].held[index].due = now
            }
        }
        return takeSettledPrefix(lane)
    }

    /// Answers the tag up to which everything may be acknowledged.
    mutating func wasSetAside(
        _ id: Item.ID, succeeded: Bool, lane: Lane, now: ContinuousClock.Instant
    ) -> UInt64? {
        guard let index = self[lane].held.firstIndex(where: { $0.id == id }) else { return nil }
        if succeeded {
            self[lane].held[index].state = .done
        } else {
            self[lane].held[index].due = now + limits.setAsideDelay
        }
        return takeSettledPrefix(lane)
    }

    private mutating func takeSettledPrefix(_ lane: Lane) -> UInt64? {
        let prefix = self[lane].held.prefix { $0.state == .done }
        guard let last = prefix.last else { return nil }
        self[lane].held.removeFirst(prefix.count)
        return last.id
    }

    /// At the end: what is done but stands behind something that is not, to be acknowledged one by one.
    mutating func takeSettledRest(_ lane: Lane) -> [UInt64] {
        let rest = self[lane].held.filter { $0.state == .done }.map(\.id)
        self[lane].held.removeAll { $0.state == .done }
        return rest
    }
}
