import Model
import Postgres
import ServiceRuntime
import Store
import Transit

/// What `loods fence` does in its one transaction.
struct Fencing: Sendable {
    let published: Lineages.Published
    let by: String
    let machineNow: Timestamp

    struct Outcome: Sendable {
        var report: Fence.Report
        var restoredAt: Timestamp
        var sentUntil: Timestamp
        /// Where that instant comes from.
        var source: String
        /// Why mailers refused; nil where they did not.
        var refusal: String?
    }

    /// - Throws: `ExitFault` where it refuses.
    func perform(
        restoredAt: Timestamp, sentUntil: Timestamp?, force: Bool, in session: PostgresSession
    ) throws -> Outcome {
        let clock = try DomainClock.reading(in: session)
        guard restoredAt <= clock.now else {
            throw ExitFault(
                code: .settings,
                message: "--restored-at \(restoredAt) is in the future: it is \(clock.now); nothing was changed")
        }
        let refusal = try obstacle(in: session)
        guard refusal != nil || force else {
            throw ExitFault(
                code: .failures,
                message: """
                    no restore is seen: the store is the one that mails were last sent from, and mailers send. Nothing was \
                    changed; --force fences all the same
                    """)
        }
        let (until, source) = limit(sentUntil, now: clock.now)
        let order = Fence.Order(
            id: .random(), by: by, restoredAt: restoredAt, sentUntil: max(restoredAt, min(until, clock.now)))
        let report = try Fence.raise(order, machineNow: machineNow, in: session)
        let events = report.messages.compactMap {
            OutcomeEvents.event($0, .unknown, now: clock.now, detail: "the store was restored")
        }
        try Outbox.add(OutcomeEvents.rows(events), clock: clock.mode, machineNow: machineNow, in: session)
        return Outcome(
            report: report, restoredAt: restoredAt, sentUntil: order.sentUntil, source: source, refusal: refusal)
    }

    private func obstacle(in session: PostgresSession) throws -> String? {
        let standing = try Lineages.standing(in: session)
        guard standing.actual != nil else {
            throw ExitFault(code: .failures, message: "this server is a standby: promote it first, or name the primary")
        }
        let hasClaimed = try Lineages.hasClaimed(in: session)
        switch Lineages.judge(standing, published: published, hasClaimed: hasClaimed) {
        case .refuse(let reason), .wait(let reason): return reason
        case .stands, .accept: return nil
        }
    }

    private func limit(_ given: Timestamp?, now: Timestamp) -> (Timestamp, source: String) {
        if let given { return (given, "as given") }
        switch published {
        case .mark(_, let at): return (at, "the last claim that RabbitMQ knows of")
        case .none: return (now, "now, since RabbitMQ knows of no claim")
        case .unreachable: return (now, "now, since RabbitMQ is away")
        }
    }
}

extension Fencing.Outcome {
    /// - Parameter erased: how many people were erased again.
    func lines(isDry: Bool, erased: Int) -> [String] {
        let count = report.messages.count
        let parts = [Message.State.planned, .claimed, .handed].compactMap { state in
            report.madeUnknown[state].map { "\($0.grouped) \(state.rawValue)" }
        }
        var lines = [
            "\(isDry ? "would fence" : "fenced")      \(report.lineage)",
            "because     \(refusal ?? "--force was given")",
            "restored    to \(restoredAt)",
            "sent        perhaps until \(sentUntil) (\(source))",
            "unknown     \(count.counted("message"))"
                + (parts.isEmpty ? "" : ": were \(parts.joined(separator: ", "))"),
            "            what is planned again from events and timers up to then becomes unknown as well",
        ]
        if erased > 0 { lines.append("erased      \(erased.counted("person", "people")) again") }
        if report.spared > 0 {
            lines.append("going out   \(report.spared.counted("message")) held or deferred to after that")
        }
        if isDry { return lines + ["", "Nothing was changed."] }
        lines += ["", "Mailers go on by themselves within a second."]
        if count > 0 {
            lines.append(
                """
                Nobody knows whether the unknown ones were sent, and nothing sends them again; their runs go on as if they
                had been. loods unknown lists them; the mail server's log tells which of them it took.
                """)
        }
        return lines
    }

    func json(isDry: Bool, erased: Int) -> JSON {
        .object([
            "dry_run": .bool(isDry), "lineage": .string(report.lineage.description),
            "refusal": refusal.map { .string($0) } ?? .null, "restored_at": .string(restoredAt.description),
            "erased_again": .int(Int64(erased)), "sent_until": .string(sentUntil.description),
            "sent_until_is": .string(source),
            "unknown": .int(Int64(report.messages.count)), "held_until_later": .int(Int64(report.spared)),
            "unknown_were": .object(
                Dictionary(uniqueKeysWithValues: report.madeUnknown.map { ($0.key.rawValue, .int(Int64($0.value))) })),
        ])
    }
}
