import Model
import Store

/// The slices that a process holds, by key and by workspace.
struct LimitLedger {
    enum Verdict: Equatable {
        case open
        /// The key's rate is reached; try again after so many seconds.
        case rate(Int)
        /// The workspace's quota is used up.
        case quota(Int)
    }

    /// The asks of one exchange, with whose they are.
    struct Asks {
        var rates: [(key: KeyName, ask: KeyAllowances.Ask)] = []
        var quotas: [(workspace: WorkspaceID, ask: QuotaUse.Ask)] = []
    }

    private struct Rated {
        var rate: Int64
        var slice: Slice
        /// Up to when the slice was filled.
        var filledAt: ContinuousClock.Instant
    }

    private struct Metered {
        var quota: EventQuota
        var slice: Slice
        var filledAt: ContinuousClock.Instant
        /// The day in which it got what it holds.
        var day: Timestamp
        var resumesAt: Timestamp
    }

    /// Callers wait no longer than that before they ask again: limits are changed, too.
    private static let longestWait = 3600

    private var rates: [KeyName: Rated] = [:]
    private var quotas: [WorkspaceID: Metered] = [:]
    private(set) var processes = 1
    private var now: ContinuousClock.Instant
    private var isClosed = false

    init(at now: ContinuousClock.Instant) { self.now = now }

    var isEmpty: Bool { rates.isEmpty && quotas.isEmpty }

    // MARK: Requests

    mutating func decide(_ events: Int64, of key: WriteKey, machineNow: Timestamp) -> Verdict {
        meet(key, machineNow: machineNow)
        if let rate = rates[key.keyName], !rate.slice.isOpen {
            rates[key.keyName]?.slice.turnAway(max(1, events))
            let missing = max(0, -rate.slice.inHand) + max(0, -rate.slice.leftForAll)
            return .rate(Int(min(Int64(Self.longestWait), max(1, missing / rate.rate + 1))))
        }
        if let quota = quotas[key.workspace], !quota.slice.isOpen {
            quotas[key.workspace]?.slice.turnAway(max(1, events))
            let seconds = quota.slice.isUsedUp ? (quota.resumesAt - machineNow).microseconds / 1_000_000 + 1 : 1
            return .quota(Int(min(Int64(Self.longestWait), max(1, seconds))))
        }
        rates[key.keyName]?.slice.take(events)
        quotas[key.workspace]?.slice.take(events)
        return .open
    }

    mutating func giveBack(_ events: Int64, of key: WriteKey) {
        rates[key.keyName]?.slice.giveBack(events)
        quotas[key.workspace]?.slice.giveBack(events)
    }

    func isLow(_ key: WriteKey) -> Bool {
        rates[key.keyName]?.slice.isLow == true || quotas[key.workspace]?.slice.isLow == true
    }

    /// Follows what the key says of its limits; what is met for the first time begins with a loan.
    private mutating func meet(_ key: WriteKey, machineNow: Timestamp) {
        if let rate = key.rate {
            if rates[key.keyName] == nil {
                rates[key.keyName] = Rated(rate: rate, slice: Slice(loan: floor(of: rate)), filledAt: now)
            }
            rates[key.keyName]?.rate = rate
        } else if rates[key.keyName] != nil {
            rates[key.keyName] = nil
        }
        guard !key.quota.isNone else {
            if quotas[key.workspace] != nil { quotas[key.workspace] = nil }
            return
        }
        if quotas[key.workspace] == nil {
            let period = QuotaPeriod(at: machineNow)
            quotas[key.workspace] = Metered(
                quota: key.quota, slice: Slice(loan: Self.floor(of: key.quota)), filledAt: now, day: period.day,
                resumesAt: period.nextDay)
        }
        quotas[key.workspace]?.quota = key.quota
    }

    /// A quarter of a second of this process's share.
    private func floor(of rate: Int64) -> Int64 { max(1, rate / Int64(4 * processes)) }

    private static func floor(of quota: EventQuota) -> Int64 {
        max(1, min(1000, min(quota.perDay ?? .max, quota.perMonth ?? .max) / 100))
    }

    // MARK: Exchanges

    /// What to ask the store for.
    mutating func begin(at now: ContinuousClock.Instant, machineNow: Timestamp) -> Asks {
        self.now = now
        var asks = Asks()
        for (key, var rated) in rates {
            let range = isClosed ? 0...0 : floor(of: rated.rate)...max(floor(of: rated.rate), rated.rate)
            let slice = rated.slice.ask(after: now - rated.filledAt, within: range)
            rates[key] = rated
            asks.rates.append((key, KeyAllowances.Ask(key: key, rate: rated.rate, slice: slice)))
        }
        for (workspace, var metered) in quotas {
            let floor = Self.floor(of: metered.quota)
            let slice = metered.slice.ask(
                after: now - metered.filledAt, within: isClosed ? 0...0 : floor...max(floor, Self.largestQuotaSlice))
            quotas[workspace] = metered
            asks.quotas.append(
                (
                    workspace,
                    QuotaUse.Ask(workspace: workspace, quota: metered.quota, day: metered.day, slice: slice)
                ))
        }
        return asks
    }

    /// Of a second; more than one process takes in.
    private static let largestQuotaSlice: Int64 = 1_000_000

    mutating func finish(_ asks: Asks, _ answer: SharedLimits.Answer, at now: ContinuousClock.Instant) {
        processes = max(1, answer.processes)
        for ((key, ask), grant) in zip(asks.rates, answer.rates) {
            rates[key]?.slice.receive(grant, for: ask.slice)
            rates[key]?.filledAt = self.now
            if rates[key]?.slice.isDisused == true { rates[key] = nil }
        }
        for ((workspace, ask), grant) in zip(asks.quotas, answer.quotas) {
            quotas[workspace]?.slice.receive(grant.slice, for: ask.slice)
            quotas[workspace]?.filledAt = self.now
            quotas[workspace]?.day = grant.day
            quotas[workspace]?.resumesAt = grant.resumesAt
            if quotas[workspace]?.slice.isDisused == true { quotas[workspace] = nil }
        }
    }

    /// The store did not answer: each slice is filled from this process's own share.
    mutating func fail(_ asks: Asks, at now: ContinuousClock.Instant) {
        for (key, ask) in asks.rates {
            guard var rated = rates[key] else { continue }
            rated.slice.missAnswer(to: ask.slice)
            rated.slice.coast(now - rated.filledAt, rate: rated.rate, share: processes)
            rated.filledAt = now
            rates[key] = rated
        }
        for (workspace, ask) in asks.quotas {
            quotas[workspace]?.slice.missAnswer(to: ask.slice)
            quotas[workspace]?.slice.coast(share: processes)
            quotas[workspace]?.filledAt = now
        }
        self.now = now
    }

    /// From now on everything is given back.
    mutating func close() { isClosed = true }
}

extension WriteKey {
    var keyName: KeyName { KeyName(workspace: workspace, name: name) }
}
