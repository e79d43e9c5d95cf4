import Logging
import Metrics
import Model
import Pacing
import Postgres
import Store
import Synchronization
import Transit

/// Keeps account of how sites take mails: slows mail to those down that put it off, and counts what warm-ups go by.
final class PaceLedger: Sendable {
    /// A site that was slowed down just now.
    struct News: Sendable {
        var key: SendQuotas.Key
        var backOff: BackOff
    }

    private struct Rate {
        var minute: Int64
        var count: Int64 = 0
        var last: Int64 = 0
    }

    private struct State {
        /// Attempts by site.
        var rates: [SendQuotas.Key: Rate] = [:]
        /// Sites whose last answer was a deferral, as far as this mailer knows.
        var troubled: Set<SendQuotas.Key> = []
    }

    private let worker: Worker
    private let state = Mutex(State())
    /// Sites whose rate is known at the most; then those of whom nothing was heard this minute are forgotten.
    private static let most = 10_000

    init(worker: Worker) { self.worker = worker }

    /// Counts attempts; each once, whatever becomes of the transaction that records them.
    func count(_ reports: [Report]) {
        let minute = SendLimits.Unit.minute.window(of: worker.clock.now)
        state.withLock { state in
            if state.rates.count > Self.most { state.rates = state.rates.filter { $0.value.minute == minute } }
            for report in reports {
                guard let key = report.site, report.isAnswer || report.isThrottled else { continue }
                var rate = state.rates[key] ?? Rate(minute: minute)
                if rate.minute != minute {
                    rate = Rate(minute: minute, last: rate.minute == minute - 1 ? rate.count : 0)
                }
                rate.count += 1
                state.rates[key] = rate
            }
        }
    }

    /// Records what sites answered, in the transaction of the outcomes.
    func record(_ reports: [Report], now: Timestamp, in session: PostgresSession) throws -> [News] {
        let troubled = state.withLock(\.troubled)
        let slow = Set(reports.filter(\.isThrottled).compactMap(\.site))
        let known = Set(reports.filter(\.isAnswer).compactMap(\.site)).intersection(troubled)
            .union(reports.flatMap(\.warmUps))
        guard !slow.isEmpty || !known.isEmpty else { return [] }
        var entries = try SendQuotas.lock(slow, known: known, in: session)
        let mailers = slow.isEmpty ? 1 : max(1, try Workers.living("mailer", machineNow: worker.clock.now, in: session))
        var news: [News] = []
        for report in reports {
            if let key = report.site, entries[key] != nil {
                if report.isThrottled {
                    if entries[key]!.quota.backOff.noteDeferral(at: now, perMinute: perMinute(key) * mailers) {
                        news.append(News(key: key, backOff: entries[key]!.quota.backOff))
                    }
                } else if report.isAnswer {
                    entries[key]!.quota.backOff.noteAnswer()
                }
            }
            guard report.isAnswer || report.isThrottled else { continue }
            for key in report.warmUps {
                entries[key]?.progress.sent += 1
                if report.isDeferred { entries[key]?.progress.deferred += 1 }
            }
        }
        try SendQuotas.write(entries, in: session)
        return news
    }

    /// Once the transaction has committed.
    func tell(_ reports: [Report], _ news: [News]) {
        state.withLock { state in
            for report in reports {
                guard let key = report.site else { continue }
                if report.isThrottled {
                    state.troubled.insert(key)
                } else if report.isAnswer {
                    state.troubled.remove(key)
                }
            }
        }
        for item in news {
            Counter(label: "loods_sites_slowed_total").increment()
            worker.logger.warning(
                "mail to a site is slowed down, since its servers put it off",
                metadata: [
                    "workspace": "\(item.key.workspace.rawValue)", "what": "\(item.key.bucket)",
                    "percent": "\(item.backOff.lowered / 10)",
                ])
        }
    }

    private func perMinute(_ key: SendQuotas.Key) -> Int64 {
        state.withLock { state in state.rates[key].map { max($0.count, $0.last) } ?? 1 }
    }
}

extension Report {
    /// Where the pace of mails to its site is kept.
    fileprivate var site: SendQuotas.Key? {
        line.map { SendQuotas.Key(workspace: $0.workspace, bucket: PaceBucket.backOff(of: $0.line.site)) }
    }

    /// Whether a server said what becomes of the mail.
    fileprivate var isAnswer: Bool {
        switch outcome {
        case .accepted, .refused, .turnedAway: true
        case .deferred, .expired: !isThrottled
        case .returned, .resent, .unknown: false
        }
    }

    fileprivate var isDeferred: Bool {
        switch outcome {
        case .deferred, .expired: true
        case .accepted, .refused, .unknown, .resent, .returned, .turnedAway: isThrottled
        }
    }
}
