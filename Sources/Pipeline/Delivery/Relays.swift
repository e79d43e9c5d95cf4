import Logging
import Metrics
import Pacing
import SMTP
import Synchronization

/// The mail servers that take our mail, each with a pool of its own.
///
/// A mail goes to the one that has the fewest under way for its weight, so that a slow one gets less than its share. One that
/// cannot be spoken to rests, and the mail goes to the next at once: before its final dot no server owns it. Those of weight
/// 0 get mails only while all others rest.
final class Relays: Sendable {
    /// A mail of which only the final dot is missing, and where.
    struct Prepared: Sendable {
        let delivery: PreparedDelivery
        let relay: Int
    }

    private struct Load {
        var underWay = 0
        /// All that it was given, to take turns where nothing is under way.
        var given = 0
    }

    let watch: RelayWatch
    private let settings: [RelaySettings]
    private let pools: [SMTPPool]
    private let loads: Mutex<[Load]>

    init(_ settings: [RelaySettings], watch: RelayWatch, logger: Logger) {
        precondition(!settings.isEmpty)
        (self.settings, self.watch) = (settings, watch)
        pools = settings.map { SMTPPool($0.server, logger: logger) }
        loads = Mutex(Array(repeating: Load(), count: settings.count))
    }

    /// Open connections at most.
    var maxConnections: Int { settings.reduce(0) { $0 + $1.server.maxConnections } }

    /// Mails on their way to being prepared, which wait for no connection any more.
    var preparingCount: Int { pools.reduce(0) { $0 + $1.preparingCount } }

    /// Hands over all of a mail but the final dot, to whichever takes it. What is prepared must be told to `end`.
    ///
    /// - Parameters:
    ///   - granted: the one whose limits have let it go; of the others those without limits take it, where that one cannot be
    ///     spoken to.
    ///   - goesFirst: whether it overtakes what waits for a connection.
    func prepare(
        _ envelope: SMTPEnvelope, _ data: [UInt8], by granted: Int? = nil, goesFirst: Bool = false
    ) async throws(SMTPError) -> Prepared {
        let limited = Set(settings.indices.filter { !settings[$0].limits.isNone })
        var tried = limited
        var next = await first(granted, limited)
        while true {
            guard let relay = next else {
                throw SMTPError(.connectFailed, .connect, cause: "no relay can be spoken to")
            }
            tried.insert(relay)
            let begun = ContinuousClock.now
            do {
                let delivery = try await pools[relay].prepare(envelope, data, goesFirst: goesFirst)
                await watch.noteAnswer(of: relay)
                return Prepared(delivery: delivery, relay: relay)
            } catch {
                end(relay)
                count(relay, error.word)
                await note(error, of: relay, begun: begun)
                guard await isElsewhere(error, tried) else { throw error }
                next = choose(except: tried.union(await watch.resting))
            }
        }
    }

    /// Where a mail is tried first. Where all rest it is tried all the same: whoever claims knows that they do.
    private func first(_ granted: Int?, _ limited: Set<Int>) async -> Int? {
        if let granted { return choose(except: Set(settings.indices).subtracting([granted])) }
        return choose(except: limited.union(await watch.resting)) ?? choose(except: limited) ?? choose(except: [])
    }

    /// Whether another relay may do better with it.
    private func isElsewhere(_ error: SMTPError, _ tried: Set<Int>) async -> Bool {
        guard error.concernsConnection, error.code != .cancelled, error.code != .shutDown else { return false }
        return choose(except: tried.union(await watch.resting), giving: false) != nil
    }

    /// Notes what became of a mail that was begun at `start`, at its final dot.
    func settled(_ prepared: Prepared, _ outcome: SMTPOutcome, begun start: ContinuousClock.Instant) async {
        end(prepared.relay)
        count(prepared.relay, outcome.word)
        switch outcome {
        case .deferred(let error), .refused(let error): await note(error, of: prepared.relay, begun: start)
        case .accepted, .unknown: break
        }
    }

    private func note(_ error: SMTPError, of relay: Int, begun start: ContinuousClock.Instant) async {
        if error.code == .cancelled || error.code == .shutDown { return }
        // A server that closes the connection once it has heard of the recipient is there for others.
        if error.concernsConnection, !error.isOfSite {
            await watch.noteFailure(of: relay, "\(error)", begun: start)
        } else if error.reply != nil {
            await watch.noteAnswer(of: relay)
        }
    }

    /// What a relay was given is settled.
    func end(_ relay: Int) { loads.withLock { $0[relay].underWay -= 1 } }

    /// Notes how an attempt ended.
    private func count(_ relay: Int, _ outcome: String) {
        Counter(
            label: "loods_relay_attempts_total", dimensions: [("relay", settings[relay].name), ("outcome", outcome)]
        ).increment()
    }

    func shutdown() async {
        for pool in pools { await pool.shutdown() }
    }

    private func choose(except excluded: Set<Int>, giving: Bool = true) -> Int? {
        loads.withLock { loads in
            let open = settings.indices.filter { !excluded.contains($0) }
            let regular = open.filter { settings[$0].weight > 0 }
            let chosen = (regular.isEmpty ? open : regular).min { left, right in
                let (a, b) = (loads[left], loads[right])
                let (x, y) = (max(1, settings[left].weight), max(1, settings[right].weight))
                // Fractions, multiplied out.
                let busy = ((a.underWay + 1) * y, (b.underWay + 1) * x)
                return busy.0 != busy.1 ? busy.0 < busy.1 : (a.given + 1) * y < (b.given + 1) * x
            }
            if giving, let chosen {
                loads[chosen].underWay += 1
                loads[chosen].given += 1
                // Whoever was away is not owed everything that went elsewhere meanwhile.
                if loads[chosen].given > 100 { for index in loads.indices { loads[index].given /= 2 } }
            }
            return chosen
        }
    }
}

extension SMTPError {
    fileprivate var word: String { concernsConnection ? "failed" : isTransient ? "deferred" : "refused" }
}

extension SMTPOutcome {
    fileprivate var word: String {
        switch self {
        case .accepted: "accepted"
        case .deferred(let error), .refused(let error): error.word
        case .unknown: "unknown"
        }
    }
}
