import Messaging
import Model
import ServiceRuntime
import Store

extension ClusterStatus {
    /// The same for scripts.
    var json: JSON {
        var members: [String: JSON] = [
            "healthy": .bool(code == .done),
            "findings": .array(
                findings.map {
                    .object([
                        "name": .string($0.name), "needs_person": .bool($0.needsPerson),
                        "sentence": .string($0.sentence),
                    ])
                }),
            "queues": depths,
        ]
        if let view { members.merge(self.members(of: view)) { $1 } }
        return .object(members)
    }

    private var depths: JSON {
        guard case .there(let depths) = queues else { return .null }
        return .array(
            depths.map { depth in
                .object([
                    "queue": .string(depth.queue.rawValue), "lane": .string(depth.lane.rawValue),
                    "ready": .int(Int64(depth.ready)), "consumers": .int(Int64(depth.consumers)),
                    "oldest_seconds": oldest(depth.queue, depth.lane).map { .double($0) } ?? .null,
                ])
            })
    }

    private func members(of view: StoreView) -> [String: JSON] {
        let (backlog, figures) = (view.backlog, view.figures)
        let outboxAge = backlog.oldestOutbox.map { Double(max(.zero, machineNow - $0).microseconds / 1000) / 1000 }
        let lag = figures.timerLag.map { ($0 * 1000).rounded() / 1000 }
        return [
            "clock": .object(["now": .string(view.clock.now.description), "mode": .string(view.clock.mode.rawValue)]),
            "workers": .array(view.workers.map(json)),
            "outbox": .object([
                "rows": .int(backlog.outbox), "oldest_seconds": outboxAge.map { .double($0) } ?? .null,
            ]),
            "timers": .object([
                "due": .int(backlog.dueTimers), "all": .int(backlog.timers),
                "next": backlog.nextTimer.map { .string($0.description) } ?? .null,
                "lag_seconds": lag.map { .double($0) } ?? .null,
            ]),
            "wakes": .object([
                "due": .int(figures.dueWakes), "lag_seconds": figures.wakeLag.map { .double($0) } ?? .null,
                "backfill": .int(figures.backfill),
            ]),
            "messages": .object([
                "due": .int(backlog.dueMessages), "held": .int(backlog.heldMessages),
                "claimed": .int(backlog.claimedMessages), "handed": .int(backlog.handedMessages),
                "unknown": .int(figures.unknownMessages),
            ]),
            "broadcasts": .array(view.broadcasts.map(\.json)),
            "tests": .array(view.tests.map(\.json)), "throttles": .array(view.queues.map(\.json)),
            "set_aside": .int(backlog.setAside),
            "log": view.log.json,
            "refusal": view.refusal.map { .string($0) } ?? .null,
        ]
    }

    private func json(_ worker: Workers.Entry) -> JSON {
        .object([
            "service": .string(worker.service), "host": .string(worker.host), "pid": .int(Int64(worker.pid)),
            "started_at": .string(worker.startedAt.description), "seen_at": .string(worker.seenAt.description),
            "alive": .bool(isAlive(worker)), "rate": .double(worker.rate),
            "waits_for": worker.waitsFor.map { .string($0) } ?? .null,
        ])
    }
}
