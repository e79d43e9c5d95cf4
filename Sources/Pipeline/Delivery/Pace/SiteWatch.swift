import Model
import Synchronization

/// How many connections of this mailer mails to each site hold, and which sites stall, so that one which does leaves
/// connections to the others.
///
/// A site may hold three quarters of the connections that no stalled one holds. One stalls where mails are under way to it
/// and none has been answered for ten seconds: then its mails are given back, and wait in line.
final class SiteWatch: Sendable {
    private struct Site {
        var underWay = 0
        /// When a mail was last begun with nothing under way, or answered.
        var movedAt: ContinuousClock.Instant
        var waiting: [Waiting] = []
    }

    private struct Waiting {
        var id: UniqueID
        var goesFirst: Bool
        var continuation: CheckedContinuation<Bool, Never>
    }

    private let connections: Int
    private let patience: Duration
    private let now: @Sendable () -> ContinuousClock.Instant
    private let sites = Mutex<[String: Site]>([:])

    /// - Parameter connections: those of all relays together.
    init(
        connections: Int, patience: Duration = .seconds(10),
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        (self.connections, self.patience, self.now) = (connections, patience, now)
    }

    /// Waits until a mail to a site may take a connection.
    ///
    /// - Parameter goesFirst: whether it overtakes those that wait without.
    /// - Returns: false where the site stalls, or the task is cancelled: nothing is taken.
    func enter(_ name: String, goesFirst: Bool = false) async -> Bool {
        let id = UniqueID.random()
        return await withTaskCancellationHandler {
            await wait(for: name, as: id, goesFirst)
        } onCancel: {
            turnAway(id, from: name)
        }
    }

    private func wait(for name: String, as id: UniqueID, _ goesFirst: Bool) async -> Bool {
        await withCheckedContinuation { continuation in
            let answer: Bool? = sites.withLock { sites in
                // Whoever is cancelled from here on finds it waiting.
                if Task.isCancelled { return false }
                let now = now()
                let share = share(of: name, sites, at: now)
                // In place: hundreds may wait for a site.
                return admit(
                    Waiting(id: id, goesFirst: goesFirst, continuation: continuation),
                    to: &sites[name, default: Site(movedAt: now)], share: share, at: now)
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    /// - Returns: nil where it has to wait.
    private func admit(_ mail: Waiting, to site: inout Site, share: Int, at now: ContinuousClock.Instant) -> Bool? {
        if stalls(site, at: now) { return false }
        if site.underWay < share {
            if site.underWay == 0 { site.movedAt = now }
            site.underWay += 1
            return true
        }
        let place = mail.goesFirst ? site.waiting.firstIndex { !$0.goesFirst } : nil
        site.waiting.insert(mail, at: place ?? site.waiting.endIndex)
        return nil
    }

    private func turnAway(_ id: UniqueID, from name: String) {
        let continuation = sites.withLock { sites -> CheckedContinuation<Bool, Never>? in
            guard let index = sites[name]?.waiting.firstIndex(where: { $0.id == id }) else { return nil }
            return sites[name]?.waiting.remove(at: index).continuation
        }
        continuation?.resume(returning: false)
    }

    /// A mail that had entered is answered, or given up.
    func leave(_ name: String) {
        let next: CheckedContinuation<Bool, Never>? = sites.withLock { sites in
            guard let index = sites.index(forKey: name) else { return nil }
            sites.values[index].movedAt = now()
            if !sites.values[index].waiting.isEmpty { return sites.values[index].waiting.removeFirst().continuation }
            sites.values[index].underWay -= 1
            if sites.values[index].underWay == 0 { sites.remove(at: index) }
            return nil
        }
        next?.resume(returning: true)
    }

    /// Turns away those that wait for sites that stall.
    func look() {
        let turnedAway = sites.withLock { sites in
            let now = now()
            var turnedAway: [CheckedContinuation<Bool, Never>] = []
            for (name, site) in sites where !site.waiting.isEmpty && stalls(site, at: now) {
                turnedAway += site.waiting.map(\.continuation)
                sites[name]?.waiting = []
            }
            return turnedAway
        }
        for continuation in turnedAway { continuation.resume(returning: false) }
    }

    /// How many wait to enter.
    var waitingCount: Int { sites.withLock { $0.values.reduce(0) { $0 + $1.waiting.count } } }

    /// The sites that stall now.
    var stalled: Set<String> {
        sites.withLock { sites in Set(sites.filter { stalls($0.value, at: now()) }.keys) }
    }

    private func stalls(_ site: Site, at now: ContinuousClock.Instant) -> Bool {
        site.underWay > 0 && now - site.movedAt > patience
    }

    /// How many of so many connections mails to one site may hold.
    static func share(of connections: Int) -> Int { max(1, connections - connections / 4) }

    private func share(of name: String, _ sites: [String: Site], at now: ContinuousClock.Instant) -> Int {
        let held = sites.reduce(0) { sum, site in
            site.key != name && stalls(site.value, at: now) ? sum + site.value.underWay : sum
        }
        return Self.share(of: max(0, connections - held))
    }
}
