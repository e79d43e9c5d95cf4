import Logging
import Metrics
import Model
import Pacing
import Postgres
import Store
import Synchronization
import Transit
import Workspaces

/// Serves the lines in which mails wait: takes what their limits let go from the quotas that all mailers share, a window at a
/// time, and the mails from their lines.
///
/// What is taken is claimed at once, under a claim that is open already: so if this mailer dies, at most what it took for one
/// errand has not gone, and sessions are free again when the claim's lease is over.
struct LineDesk: Sendable {
    /// Mails that may be claimed.
    struct Errand: Sendable {
        var claim: UniqueID
        var grants: [UniqueID: Allotment.Grant]
        var contacts: [ContactKey]
        /// Of limits on what is under way at once, how many mails of this errand may be.
        var sessions: [SendQuotas.Key: Int64]
        /// Domain time.
        var takenAt: Timestamp
    }

    let worker: Worker
    let settings: DeliverySettings
    let store: GuardedStore
    let relays: RelayTurns
    let sites: SiteWatch

    /// Mails in one errand.
    private static let page = 200
    private static let lines: Int32 = 256

    /// Takes mails that may go now.
    ///
    /// - Parameter resting: mail servers that are not to be tried.
    /// - Returns: nil where none may, or none waits.
    func take(withTopic: Bool, resting: Set<Int>) async throws -> Errand? {
        let claim = UniqueID.random()
        let stalled = sites.stalled
        return try await store.transaction { session in
            let domain = try DomainClock.reading(in: session)
            let machineNow = worker.clock.now
            let lines = try SendLines.lockReady(
                at: domain.now, withTopic: withTopic, stalled: stalled, limit: Self.lines, in: session)
            guard !lines.isEmpty else { return nil }
            var allotment = try allotment(for: lines, resting: resting, now: domain.now, in: session)
            let asked = Dictionary(
                uniqueKeysWithValues: lines.map { ($0, Int32(min(Int64(Self.page), allotment.most(of: $0)))) })
            let heads = try SendLines.heads(
                asked.filter { $0.value > 0 }.sorted { $0.key < $1.key }.map { ($0.key, $0.value + 1) }, in: session)
            let service = allotment.serve(
                lines, heads: heads, asked: asked.mapValues { $0 > 0 ? $0 + 1 : 0 }, limit: Self.page)
            try SendQuotas.write(allotment.quotas, in: session)
            try SendLines.note(service.next, machineNow: machineNow, in: session)
            guard !service.grants.isEmpty else { return nil }
            let lookAt = machineNow + settings.lease.span
            try SendLines.leave(service.grants.map(\.head), lookAt: lookAt, in: session)
            try SendSessions.take(allotment.sessions, for: claim, in: session)
            try Claims.open(
                claim, on: service.grants.map { ($0.head.contact, $0.head.message) }, mailer: settings.mailer,
                expiresAt: lookAt, in: session)
            relays.note(allotment.given)
            return Errand(
                claim: claim,
                grants: Dictionary(service.grants.map { ($0.head.message, $0.grant) }) { first, _ in first },
                contacts: Set(service.grants.map(\.head.contact)).sorted(), sessions: allotment.sessions,
                takenAt: domain.now)
        }
    }

    private func allotment(
        for lines: [SendLines.Key], resting: Set<Int>, now: Timestamp, in session: PostgresSession
    ) throws -> Allotment {
        let live = try worker.definitions.live(Set(lines.map(\.workspace)), in: session)
        var buckets: [SendLines.Key: [(key: SendQuotas.Key, bucket: PaceBucket)]] = [:]
        var known: Set<SendQuotas.Key> = []
        for line in lines {
            buckets[line] = (live[line.workspace]?.pace.buckets(of: line.line) ?? []).map {
                (SendQuotas.Key(workspace: line.workspace, bucket: $0.name), $0)
            }
            known.insert(SendQuotas.Key(workspace: line.workspace, bucket: PaceBucket.backOff(of: line.line.site)))
        }
        let own = Set(buckets.values.joined().map(\.key))
        let limited = relays.limited(except: resting)
        let needed = own.union(limited.compactMap(\.term?.key))
        var quotas = try SendQuotas.lock(needed, known: known, in: session)
        for (key, bucket) in buckets.values.joined() where bucket.warmUp != nil {
            bucket.warmUp?.begin(now, &quotas[key, default: SendQuotas.Entry()].progress)
        }
        var terms: [SendLines.Key: Allotment.Terms] = [:]
        for line in lines {
            terms[line] = (buckets[line] ?? []).map { key, bucket in
                (key, bucket.limits(at: quotas[key]?.progress ?? WarmUp.Progress()))
            }
            let backOff = SendQuotas.Key(workspace: line.workspace, bucket: PaceBucket.backOff(of: line.line.site))
            if quotas[backOff]?.quota.backOff.isActive(at: now) == true {
                terms[line, default: []].append((backOff, SendLimits()))
            }
        }
        let withSessions = Set(
            (terms.values.joined() + limited.compactMap(\.term)).filter { $0.limits.sessions != nil }.map(\.key))
        let taken = try SendSessions.taken(withSessions, in: session)
        let most = Dictionary(
            (terms.values.joined() + limited.compactMap(\.term)).map { ($0.key, $0.limits.sessions ?? 0) }
        ) { first, _ in first }
        let free = Dictionary(
            uniqueKeysWithValues: withSessions.map { ($0, max(0, most[$0, default: 0] - taken[$0, default: 0])) })
        let warmUps = Set(buckets.values.joined().filter { $0.bucket.warmUp != nil }.map(\.key))
        return Allotment(
            quotas, free: free, terms: terms, relays: limited, given: relays.given, warmUps: warmUps, now: now)
    }

    /// Gives back what was taken for mails that were not claimed after all.
    func giveBack(_ grants: [Allotment.Grant], takenAt: Timestamp) async throws {
        guard !grants.isEmpty else { return }
        var counts: [SendQuotas.Key: Int64] = [:]
        for key in grants.flatMap(\.keys) { counts[key, default: 0] += 1 }
        let mails = counts
        try await store.transaction { session in
            // Others of their lines may go instead, and were told to wait for the next window. In the order in which lines
            // are served: they before their quotas.
            try SendLines.wake(Set(grants.map(\.line)), at: takenAt, in: session)
            var entries = try SendQuotas.lock([], known: Set(mails.keys), in: session)
            for (key, count) in mails { entries[key]?.quota.giveBack(count, takenAt: takenAt) }
            try SendQuotas.write(entries, in: session)
        }
    }
}

/// The mail servers by place, with the limits that their owners set and how many mails each got from lines.
final class RelayTurns: Sendable {
    private let relays: [RelaySettings]
    private let counts = Mutex<[Int: Int]>([:])

    init(_ relays: [RelaySettings]) { self.relays = relays }

    /// Whether any has limits: then all mails stand in line, to be divided among all.
    var areLimited: Bool { relays.contains { !$0.limits.isNone } }

    var given: [Int: Int] { counts.withLock { $0 } }

    func note(_ given: [Int: Int]) {
        // Whoever was away is not owed everything that went elsewhere meanwhile.
        counts.withLock { $0 = given.values.contains { $0 > 100 } ? given.mapValues { $0 / 2 } : given }
    }

    /// Those that may be used now; none where no limit asks which one is.
    func limited(
        except resting: Set<Int>
    ) -> [(index: Int, weight: Int, term: (key: SendQuotas.Key, limits: SendLimits)?)] {
        guard areLimited else { return [] }
        let open = relays.indices.filter { !resting.contains($0) }
        let regular = open.filter { relays[$0].weight > 0 }
        return (regular.isEmpty ? open.isEmpty ? Array(relays.indices) : open : regular).map { index in
            let relay = relays[index]
            return (index, relay.weight, relay.limits.isNone ? nil : (.relay(relay.name), relay.limits))
        }
    }
}
