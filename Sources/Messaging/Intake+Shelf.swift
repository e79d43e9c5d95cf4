extension Intake {
    /// One lane: its subscription, what waits, and the batch that was begun and is not yet settled.
    struct Shelf {
        enum Flow: Equatable {
            case closed
            case open(prefetch: UInt16)
            /// Until the broker has answered, more may come.
            case cancelling
        }

        var flow = Flow.closed
        /// Whether a body that was no suspect has been settled, and no suspect has come since.
        var isTrusted = false
        /// When it was opened, or a body came or was settled.
        var lastNews: ContinuousClock.Instant?
        /// When the broker was last allowed to send more: at the opening, or by an acknowledgement.
        var lastGrant: ContinuousClock.Instant?
        var waiting: [Item] = []
        var held: [Item] = []

        var count: Int { waiting.count + held.count }
        var isEmpty: Bool { waiting.isEmpty && held.isEmpty }
        var oldest: ContinuousClock.Instant? { held.first?.received ?? waiting.first?.received }
        /// When the oldest that is not done was published; 0 where that is unknown.
        var oldestPublished: Int64? {
            let item = held.first { $0.state != .done } ?? waiting.first
            return item.map { $0.delivery.publishedAt ?? 0 }
        }
        var nextDue: ContinuousClock.Instant? { held.filter { $0.state != .done }.map(\.due).min() }
        var hasSuspect: Bool { held.contains { $0.delivery.isSuspect } || waiting.contains { $0.delivery.isSuspect } }
        var isSuspectNext: Bool { (held.first ?? waiting.first)?.delivery.isSuspect ?? false }

        mutating func open(_ prefetch: UInt16, now: ContinuousClock.Instant) {
            flow = .open(prefetch: prefetch)
            lastNews = now
            lastGrant = now
        }

        mutating func receive(_ item: Item, now: ContinuousClock.Instant) {
            waiting.append(item)
            lastNews = now
            if item.delivery.isSuspect { isTrusted = false }
        }

        /// Moves the next batch from what waits; never waits for more.
        ///
        /// - Parameter bodies: instead of the limit's.
        mutating func begin(_ limits: Limits, bodies: Int? = nil) {
            let most = bodies ?? limits.bodies
            var count = 0
            var bytes = 0
            for item in waiting {
                let isAlone = item.delivery.isSuspect
                if count > 0, isAlone || count == most || bytes + item.delivery.body.count > limits.bytes {
                    break
                }
                count += 1
                bytes += item.delivery.body.count
                if isAlone { break }
            }
            held = Array(waiting.prefix(count))
            waiting.removeFirst(count)
        }

        /// - Parameter retries: whether the handler may have again what it has had.
        mutating func handOut(now: ContinuousClock.Instant, retries: Bool) -> [Delivery] {
            var handed: [Delivery] = []
            for index in held.indices where held[index].state == .pending && held[index].due <= now {
                if held[index].wasHanded, !retries { continue }
                held[index].state = .handed
                held[index].wasHanded = true
                handed.append(held[index].delivery)
            }
            return handed
        }

        mutating func settle(_ index: Int, now: ContinuousClock.Instant) {
            held[index].state = .done
            lastNews = now
            if !hasSuspect { isTrusted = true }
        }

        /// What is done at the front, and so may be acknowledged with one tag.
        mutating func takeSettledPrefix() -> Item.ID? {
            let prefix = held.prefix { $0.state == .done }
            guard let last = prefix.last else { return nil }
            held.removeFirst(prefix.count)
            return last.id
        }

        mutating func takeSettledRest() -> [Item.ID] {
            let rest = held.filter { $0.state == .done }.map(\.id)
            held.removeAll { $0.state == .done }
            return rest
        }

        mutating func takeAll(_ reason: Returned.Reason) -> Returned {
            let done = takeSettledRest()
            defer { (held, waiting) = ([], []) }
            return Returned(done: done, rest: (held + waiting).map(\.id), reason: reason)
        }

        /// What stands behind the first suspect and has not been begun.
        mutating func takeBehindSuspect() -> Returned? {
            let isBegun = held.contains { $0.delivery.isSuspect }
            let suspect = isBegun ? -1 : waiting.firstIndex { $0.delivery.isSuspect }
            guard let suspect, suspect + 1 < waiting.count else { return nil }
            let rest = waiting[(suspect + 1)...].map(\.id)
            waiting.removeSubrange((suspect + 1)...)
            return Returned(done: [], rest: rest, reason: .behindSuspect)
        }
    }
}
