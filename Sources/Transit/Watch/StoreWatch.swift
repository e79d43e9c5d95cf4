import Messaging
import Metrics
import Model
import Postgres
import ServiceLifecycle
import Store

/// Shows what of the store belongs to a service: its outbox, what of its queues is set aside, its timers or its messages.
///
/// Read by itself every quarter of a minute in one transaction, never by a scrape. While the store cannot be read, its figures are
/// NaN: a last value that stands would lie.
struct StoreWatch: Sendable {
    private let pool: PostgresPool
    private let clock: MachineClock
    private let watched: Watched
    private let dependency = DependencyGauge("postgresql")

    init(pool: PostgresPool, clock: MachineClock, watched: Watched) {
        self.pool = pool
        self.clock = clock
        self.watched = watched
    }

    func look() async {
        let machineNow = clock.now
        let hasPart = !watched.queues.isEmpty || !watched.parts.isEmpty
        let showsLog = watched.parts.contains(.log)
        let read = try? await pool.withTransaction(within: .seconds(5), deadline: .seconds(2)) { session in
            (
                hasPart ? try StoreFigures.read(machineNow: machineNow, in: session) : nil,
                showsLog ? try LogFigures.read(in: session) : nil
            )
        }
        if case .available = pool.state { dependency.show(isUp: true) } else { dependency.show(isUp: false) }
        guard hasPart else { return }
        show(read?.0, machineNow)
        if showsLog { showLog(read?.1) }
    }

    private func show(_ figures: StoreFigures?, _ machineNow: Timestamp) {
        for queue in watched.queues where queue != .dead { show(queue.rawValue, figures, machineNow) }
        if watched.parts.contains(.timers) { showTimers(figures) }
        if watched.parts.contains(.wakes) { showWakes(figures) }
        if watched.parts.contains(.messages) { showMessages(figures) }
    }

    private func show(_ queue: String, _ figures: StoreFigures?, _ machineNow: Timestamp) {
        let outbox = figures?.outbox[queue]
        record("loods_outbox_bodies", ("queue", queue), figures.map { _ in Double(outbox?.rows ?? 0) })
        record(
            "loods_outbox_oldest_seconds", ("queue", queue),
            figures.map { _ in outbox.map { max(0, (machineNow - $0.oldest).inSeconds) } ?? 0 })
        for reason in SetAside.ReasonClass.allCases {
            let count = figures?.setAside.first { $0.queue == queue && $0.reason == reason }?.count ?? 0
            Gauge(label: "loods_set_aside_items", dimensions: [("queue", queue), ("reason", reason.rawValue)])
                .record(figures.map { _ in Double(count) } ?? .nan)
        }
    }

    private func showTimers(_ figures: StoreFigures?) {
        record("loods_timers_due", nil, figures.map { Double($0.dueTimers) })
        record(
            "loods_timer_lag_seconds", nil,
            figures.map { figures in figures.oldestTimer.map { max(0, (figures.now - $0).inSeconds) } ?? 0 })
    }

    private func showWakes(_ figures: StoreFigures?) {
        record("loods_wakes_due", nil, figures.map { Double($0.dueWakes) })
        record("loods_wake_lag_seconds", nil, figures.map { $0.wakeLag ?? 0 })
        record("loods_backfill_contacts", nil, figures.map { Double($0.backfill) })
    }

    private func showLog(_ figures: LogFigures?) {
        record("loods_log_ahead_seconds", nil, figures?.ahead)
        record("loods_log_overdue_seconds", nil, figures?.overdue)
        record("loods_log_default_events", nil, figures.map { Double($0.strays) })
    }

    private func showMessages(_ figures: StoreFigures?) {
        let counts: [(String, @Sendable (StoreFigures) -> Int64)] = [
            ("due", { $0.dueMessages }), ("held", { $0.heldMessages }), ("claimed", { $0.claimedMessages }),
            ("handed", { $0.handedMessages }), ("unknown", { $0.unknownMessages }),
        ]
        for (state, count) in counts {
            record("loods_messages", ("state", state), figures.map { Double(count($0)) })
        }
        record("loods_senders_paused", nil, figures.map { Double($0.pausedSenders) })
        record("loods_mails_in_line", nil, figures.map { Double($0.linedMessages) })
        record("loods_sites_slowed", nil, figures.map { Double($0.slowedSites) })
        record("loods_kill_switches", nil, figures.map { Double($0.stoppedWorkspaces) })
    }

    private func record(_ name: String, _ dimension: (String, String)?, _ value: Double?) {
        Gauge(label: name, dimensions: dimension.map { [$0] } ?? []).record(value ?? .nan)
    }
}

extension Span {
    fileprivate var inSeconds: Double { Double(microseconds) / 1_000_000 }
}
