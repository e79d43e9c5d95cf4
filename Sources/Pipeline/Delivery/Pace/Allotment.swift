import Model
import Pacing
import Store

/// Divides what limits let go among the mails at the heads of lines: a value without store and clock.
struct Allotment {
    /// The limits of one line, all of which must let a mail go.
    typealias Terms = [(key: SendQuotas.Key, limits: SendLimits)]

    /// What lets one mail go.
    struct Grant: Sendable, Hashable {
        var line: SendLines.Key
        /// The quotas that it was taken of.
        var keys: [SendQuotas.Key]
        /// Those that count what is under way at once.
        var sessions: [SendQuotas.Key]
        /// Those of warm-ups.
        var warmUps: [SendQuotas.Key] = []
        /// The place of the mail server that has room for it; nil: any.
        var relay: Int?
        /// When the windows end that it was taken in.
        var end: Timestamp?
    }

    private(set) var quotas: [SendQuotas.Key: SendQuotas.Entry]
    /// Sessions that were taken here.
    private(set) var sessions: [SendQuotas.Key: Int64] = [:]
    private let free: [SendQuotas.Key: Int64]
    private let terms: [SendLines.Key: Terms]
    /// By place, those that may be used.
    private let relays: [(index: Int, weight: Int, term: (key: SendQuotas.Key, limits: SendLimits)?)]
    /// By place, how many mails each got.
    private(set) var given: [Int: Int]
    private let warmUps: Set<SendQuotas.Key>
    private let now: Timestamp

    /// - Parameters:
    ///   - free: of limits on what is under way at once, how many are not taken.
    ///   - relays: none where any will do.
    ///   - given: by place, how many mails each got before.
    init(
        _ quotas: [SendQuotas.Key: SendQuotas.Entry], free: [SendQuotas.Key: Int64], terms: [SendLines.Key: Terms],
        relays: [(index: Int, weight: Int, term: (key: SendQuotas.Key, limits: SendLimits)?)] = [],
        given: [Int: Int] = [:], warmUps: Set<SendQuotas.Key> = [], now: Timestamp
    ) {
        self.warmUps = warmUps
        (self.quotas, self.free, self.terms, self.relays) = (quotas, free, terms, relays)
        (self.given, self.now) = (given, now)
    }

    /// How many mails of a line may go at the most, were they the only ones.
    func most(of line: SendLines.Key) -> Int64 {
        (terms[line] ?? []).map(available).min() ?? .max
    }

    /// Lets one more mail of a line go; nil: a limit is reached.
    mutating func grant(_ line: SendLines.Key) -> Grant? {
        var all = terms[line] ?? []
        guard all.allSatisfy({ available($0) > 0 }) else { return nil }
        var relay: Int?
        if !relays.isEmpty {
            let open = relays.filter { $0.term.map { available($0) > 0 } ?? true }
            let turns = given
            guard
                let next = open.min(by: { left, right in
                    let (a, b) = (turns[left.index, default: 0] + 1, turns[right.index, default: 0] + 1)
                    return a * max(1, right.weight) < b * max(1, left.weight)
                })
            else { return nil }
            relay = next.index
            given[next.index, default: 0] += 1
            if let term = next.term { all.append(term) }
        }
        for term in all {
            quotas[term.key, default: SendQuotas.Entry()].quota.take(1, at: now)
            if term.limits.sessions != nil { sessions[term.key, default: 0] += 1 }
        }
        return Grant(
            line: line, keys: all.map(\.key), sessions: all.filter { $0.limits.sessions != nil }.map(\.key).sorted(),
            warmUps: all.map(\.key).filter(warmUps.contains), relay: relay,
            end: all.compactMap { quotas[$0.key]?.quota.end(under: $0.limits, at: now) }.min())
    }

    /// When one more mail of a line may go: now where only what is under way keeps it back, since nobody knows when that is
    /// answered.
    func opens(_ line: SendLines.Key) -> Timestamp {
        let own = (terms[line] ?? []).map(opens).max() ?? now
        guard !relays.isEmpty else { return own }
        return max(own, relays.map { $0.term.map(opens) ?? now }.min() ?? now)
    }

    private func opens(_ term: (key: SendQuotas.Key, limits: SendLimits)) -> Timestamp {
        quotas[term.key]?.quota.opens(under: term.limits, at: now) ?? now
    }

    private func available(_ term: (key: SendQuotas.Key, limits: SendLimits)) -> Int64 {
        let mails = quotas[term.key]?.quota.available(under: term.limits, at: now) ?? .max
        guard term.limits.sessions != nil else { return mails }
        return min(mails, free[term.key, default: 0] - sessions[term.key, default: 0])
    }

    // MARK: Lines

    /// What came of serving lines.
    struct Service {
        var grants: [(head: SendLines.Head, grant: Grant)] = []
        /// When each line may be served again; nil: it is empty.
        var next: [SendLines.Key: Timestamp?] = [:]
    }

    /// Lets mails go, up to `limit`: of the lines of transactional mail as many as may, in order; of the others one a turn.
    ///
    /// - Parameter heads: of each line the first mails; `asked` says how many were looked for.
    mutating func serve(
        _ lines: [SendLines.Key], heads: [SendLines.Key: [SendLines.Head]], asked: [SendLines.Key: Int32], limit: Int
    ) -> Service {
        var service = Service()
        var places: [SendLines.Key: Int] = [:]
        let open = lines.filter { heads[$0]?.isEmpty == false }
        var isStopped: Set<SendLines.Key> = []
        for isFirst in [true, false] {
            var turn = open.filter { ($0.line.kind == .transactional) == isFirst }
            while !turn.isEmpty, service.grants.count < limit {
                turn.removeAll { line in
                    guard service.grants.count < limit else { return false }
                    let place = places[line, default: 0]
                    guard let heads = heads[line], place < heads.count else { return true }
                    guard let grant = grant(line) else {
                        isStopped.insert(line)
                        return true
                    }
                    service.grants.append((heads[place], grant))
                    places[line] = place + 1
                    return false
                }
            }
        }
        for line in lines {
            let asked = Int(asked[line] ?? 0)
            let found = heads[line]?.count ?? 0
            let isEmpty = asked > 0 && found < asked && places[line, default: 0] == found
            let next: Timestamp? = isEmpty ? nil : asked == 0 || isStopped.contains(line) ? opens(line) : now
            service.next[line] = .some(next)
        }
        return service
    }
}
