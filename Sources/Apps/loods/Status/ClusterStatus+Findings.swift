import Messaging
import Model
import Pacing
import Store

extension ClusterStatus {
    /// Beyond these an operator is told: the alert rules have the same.
    private enum Limit {
        static let liveAge = 60.0
        static let timerLag = 60.0
        static let wakeLag = 30.0
        static let outboxAge = 30.0
    }

    /// What is not well, the worst first.
    var findings: [StatusFinding] {
        var findings: [StatusFinding] = []
        if case .away(let reason) = store {
            findings.append(
                trouble(
                    "postgresql-away",
                    """
                    PostgreSQL is away (\(reason)). Nothing is lost: \(inQueues). Services go on by themselves when it is back.
                    """))
        }
        if case .away(let reason) = queues {
            findings.append(
                trouble(
                    "rabbitmq-away",
                    """
                    RabbitMQ is away (\(reason)). Ingest answers 503 once its memory is full; what is due in the store goes on.
                    """))
        }
        return findings + lineage + killSwitches + senders + journeys + slowedSites + missing + waiting + slow + silent
            + aside + unknown
    }

    private func trouble(_ name: String, _ sentence: String) -> StatusFinding {
        StatusFinding(name: name, needsPerson: true, sentence: sentence)
    }

    private func note(_ name: String, _ sentence: String) -> StatusFinding {
        StatusFinding(name: name, needsPerson: false, sentence: sentence)
    }

    private var inQueues: String {
        guard case .there(let depths) = queues else { return "what was accepted waits in the queues" }
        let count = depths.reduce(0) { $0 + $1.ready }
        if count == 0 { return "the queues are empty" }
        return "\(count.counted("body", "bodies")) \(count == 1 ? "waits" : "wait") in the queues"
    }

    private var lineage: [StatusFinding] {
        guard let refusal = view?.refusal else { return [] }
        return [
            trouble(
                "restored",
                "No mail is sent: \(refusal). Run: loods fence --restored-at TIME (--dry-run shows what it would do)")
        ]
    }

    private var killSwitches: [StatusFinding] {
        (view?.killSwitches ?? []).map { workspace, entry in
            let why = entry.reason.map { ": \(Console.safe($0))" } ?? ""
            return trouble(
                "kill-switch",
                """
                Workspace \(Console.safe(workspace)) sends nothing: \(Console.safe(entry.author)) turned its kill switch on at \
                \(entry.at)\(why). What is planned waits. To let it go on: loods kill-switch off --workspace \
                \(Console.safe(workspace))
                """)
        }
    }

    /// Sites to which mail goes more slowly: that mends itself.
    private var slowedSites: [StatusFinding] {
        guard let view else { return [] }
        return view.slowedSites.map { workspace, site, backOff in
            let since = backOff.since.map { " since \($0)" } ?? ""
            return note(
                "site-slowed",
                """
                Mail of workspace \(Console.safe(workspace)) to \(Console.safe(site)) goes at \
                \(backOff.share(at: view.clock.now) / 10) % of its rate\(since): its servers put mails off. It gets faster by \
                itself: loods pace --workspace \(Console.safe(workspace))
                """)
        }
    }

    private var senders: [StatusFinding] {
        (view?.pausedSenders ?? []).map { workspace, pause in
            let sender = pause.sender
            let because =
                pause.author.map { "\(Console.safe($0)) paused it" }
                ?? "the mail server refuses it (\(Console.safe(pause.reply ?? "no answer")))"
            return trouble(
                "sender-paused",
                """
                Mail of \(Console.safe(sender.domain)), \(sender.class.rawValue), of workspace \(Console.safe(workspace)) \
                stands still since \(pause.at): \(because). It waits and is not lost. When it is mended: loods senders \
                resume \(Console.safe(sender.domain)) --class \(sender.class.rawValue) --workspace \(Console.safe(workspace))
                """)
        }
    }

    private var journeys: [StatusFinding] {
        (view?.stoppedJourneys ?? []).map { workspace, stopped in
            let journey = Console.safe(stopped.place.journey)
            return trouble(
                "journey-paused",
                """
                Journey \(journey) of workspace \(Console.safe(workspace)) stands still since \(stopped.at): \
                \(Console.safe(stopped.reason)). Its runs and mails wait and are not lost. When it is mended: loods resume \
                \(journey) --workspace \(Console.safe(workspace))
                """)
        }
    }

    /// Services of which nobody lives.
    private var missing: [StatusFinding] {
        guard view != nil else { return [] }
        return Self.services.filter { living($0).isEmpty }.map { service in
            trouble("no-\(service)", "No \(service) runs\(consequence(of: service)). Start one.")
        }
    }

    private func consequence(of service: String) -> String {
        switch service {
        case "ingest": return ": nothing is accepted, and links in mails lead nowhere"
        case "scoring": return standing(ready(.events).map(Int64.init), "event batch", "event batches")
        case "scheduler":
            if let due = view?.figures.dueTimers, due > 0 { return standing(due, "due timer") }
            return standing(ready(.signals).map(Int64.init), "signal batch", "signal batches")
        default: return standing(view?.backlog.dueMessages, "mail")
        }
    }

    private func standing(_ count: Int64?, _ one: String, _ many: String? = nil) -> String {
        guard let count, count > 0 else { return "" }
        return ": \(count.counted(one, many)) \(count == 1 ? "waits" : "wait")"
    }

    /// What living processes say that they wait for, each reason once.
    private var waiting: [StatusFinding] {
        guard let view else { return [] }
        let waiting = view.workers.filter { isAlive($0) && $0.waitsFor != nil }
        // A restored store is told of already.
        // How long each has waited is no other reason.
        let reasons = Dictionary(grouping: waiting) { ($0.waitsFor ?? "").filter { !$0.isNumber } }
            .filter { view.refusal == nil || !$0.key.contains("loods fence") }
        return reasons.sorted { $0.key < $1.key }.map { _, workers in
            let reason = workers[0].waitsFor ?? ""
            let names = Dictionary(grouping: workers, by: \.service).sorted { $0.key < $1.key }
                .map { $1.count == 1 ? $0 : "\($0) × \($1.count)" }.joined(separator: ", ")
            return trouble("waiting", "\(names) \(workers.count == 1 ? "waits" : "wait"): \(Console.safe(reason)).")
        }
    }

    private var slow: [StatusFinding] {
        guard let view else { return [] }
        var findings: [StatusFinding] = []
        for queue in [QueueName.events, .signals, .messages, .withdrawals, .returns] {
            let service = Self.service(of: queue)
            guard let age = oldest(queue, .live), age > Limit.liveAge, !living(service).isEmpty else { continue }
            findings.append(
                trouble(
                    "slow-\(queue)",
                    """
                    \(service) is behind: the oldest of \(queue) has waited for \(Self.age(age)). Start more of it, or see what \
                    it waits for.
                    """))
        }
        if let lag = view.figures.timerLag {
            if lag > Limit.timerLag, !living("scheduler").isEmpty {
                findings.append(
                    trouble(
                        "timer-lag",
                        """
                        Timers are behind: \(counted(view.figures.dueTimers)) are due, the oldest for \(Self.age(lag)). Start more \
                        schedulers.
                        """))
            }
        }
        if let lag = view.figures.wakeLag, lag > Limit.wakeLag, !living("scoring").isEmpty {
            findings.append(
                trouble(
                    "wake-lag",
                    """
                    Segments are behind: time may have changed \(counted(view.figures.dueWakes)) contacts, the first \
                    \(Self.age(lag)) ago. Start more scoring.
                    """))
        }
        for (queue, part) in view.figures.outbox.sorted(by: { $0.key < $1.key }) {
            let age = Double((machineNow - part.oldest).microseconds) / 1_000_000
            guard age > Limit.outboxAge else { continue }
            findings.append(
                trouble(
                    "outbox-\(queue)",
                    """
                    \(part.rows.counted("body", "bodies")) for the queue \(queue) could not be published for \(Self.age(age)): is \
                    RabbitMQ full or blocked, and does any worker run?
                    """))
        }
        return findings
    }

    /// Who was killed, or cannot reach the store.
    private var silent: [StatusFinding] {
        (view?.workers ?? []).filter { !isAlive($0) && $0.seenAt > machineNow - .minutes(10) }.map { worker in
            let silence = Self.age(Double((machineNow - worker.seenAt).microseconds) / 1_000_000)
            return note(
                "silent",
                """
                \(worker.service) (pid \(worker.pid) on \(Console.safe(worker.host))) was last heard of \(silence) ago: killed, \
                or cut off from PostgreSQL.
                """)
        }
    }

    private var aside: [StatusFinding] {
        guard let figures = view?.figures, !figures.setAside.isEmpty else { return [] }
        let dead = ready(.dead) ?? 0
        let parts = figures.setAside.map { "\(counted($0.count)) of \($0.queue) (\($0.reason.words))" }
        // Late events are the senders' matter: nothing here can be mended.
        guard dead > 0 || figures.setAside.contains(where: { $0.reason != .pastRetention }) else {
            let late = parts.joined(separator: ", ")
            return [note("late", "Set aside: \(late). loods log tells how far the log goes back.")]
        }
        let more = dead > 0 ? "; \(dead.counted("dead letter")) on the way" : ""
        return [
            trouble(
                "set-aside",
                """
                Set aside: \(parts.joined(separator: ", "))\(more). loods set-aside list shows why, loods set-aside replay sends \
                it again.
                """)
        ]
    }

    private var unknown: [StatusFinding] {
        guard let count = view?.figures.unknownMessages, count > 0 else { return [] }
        let what = count == 1 ? "1 message" : "\(counted(count)) messages"
        return [note("unknown", "Of \(what) nobody knows whether mail went out: loods unknown lists them.")]
    }
}

extension SetAside.ReasonClass {
    fileprivate var words: String {
        switch self {
        case .unreadable: "unreadable"
        case .killsWorkers: "may kill workers"
        case .broker: "by the broker"
        case .pastRetention: "sent before the log begins"
        case .failed: "cannot be done"
        }
    }
}
