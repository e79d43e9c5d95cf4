import Messaging
import Model
import ServiceRuntime
import Store
import Transit

extension ClusterStatus {
    private struct Row {
        var name: String
        var cells: [String]
        var note: String
    }

    private static let widths = [9, 10, 10, 12, 11]
    private static let none = "–"

    /// The whole of it for people.
    var lines: [String] {
        var lines: [String] = []
        if let clock = view?.clock, clock.mode == .stepped {
            lines += ["the clock stands at \(clock.now)", ""]
        }
        let head = Row(name: "", cells: ["workers", "rate/s", "oldest", "waiting", "set aside"], note: "")
        lines.append(Console.dim(line(head)))
        lines += rows.map(line)
        if let view, !view.broadcasts.isEmpty { lines += [""] + view.broadcasts.map(\.words) }
        if let view, !view.tests.isEmpty { lines += [""] + view.tests.map(\.words) }
        if let view, !view.queues.isEmpty { lines += [""] + view.queues.map(\.words) }
        // Without a retention there is nothing to tell.
        if let log = view?.log, log.retention.kept != nil { lines += ["", "the log is \(log.standing)"] }
        lines.append("")
        let findings = findings
        lines += findings.map(\.line)
        if !findings.contains(where: \.needsPerson), code == .done { lines.append("All is well.") }
        return lines
    }

    private func line(_ row: Row) -> String {
        let cells = zip(row.cells, Self.widths).map { $0.leading(to: $1) }.joined()
        return (row.name.padded(to: 10) + cells + (row.note.isEmpty ? "" : "   \(row.note)"))
    }

    private var rows: [Row] {
        [
            row("ingest", oldest: nil, waiting: nil, note: ""),
            row("scoring", of: .events), row("scheduler", of: .signals),
            row("mailer", oldest: oldest(.messages, .live), waiting: view?.backlog.dueMessages, note: mails),
            timers, wakes,
        ]
    }

    private func row(_ service: String, of queue: QueueName) -> Row {
        row(service, oldest: oldest(queue, .live), waiting: ready(queue).map(Int64.init), note: bulk(queue))
    }

    private func row(_ service: String, oldest: Double?, waiting: Int64?, note: String) -> Row {
        guard view != nil else {
            return Row(
                name: service, cells: ["?", "?", "?", waiting.map(counted) ?? Self.none, "?"], note: note)
        }
        let workers = living(service)
        let rate = workers.isEmpty ? Self.none : Self.rate(workers.reduce(0) { $0 + $1.rate })
        let aside = service == "ingest" ? Self.none : counted(setAside(service))
        return Row(
            name: service,
            cells: [
                "\(workers.count)", rate, oldest.map(Self.age) ?? Self.none, waiting.map(counted) ?? Self.none, aside,
            ], note: note)
    }

    private var timers: Row {
        guard let view else { return Row(name: "timers", cells: ["", "", "?", "?", ""], note: "") }
        let lag = view.figures.timerLag.map(Self.age)
        let next = view.backlog.nextTimer.map { "next \($0)" } ?? ""
        return Row(
            name: "timers",
            cells: [Self.none, Self.none, lag ?? Self.none, counted(view.backlog.timers), Self.none],
            note: view.figures.dueTimers > 0 ? "\(counted(view.figures.dueTimers)) due" : next)
    }

    /// Contacts that time alone may have changed, and those that definitions have yet to reach.
    private var wakes: Row {
        guard let figures = view?.figures else { return Row(name: "wakes", cells: ["", "", "?", "?", ""], note: "") }
        let left = figures.backfill
        return Row(
            name: "wakes",
            cells: [
                Self.none, Self.none, figures.wakeLag.map(Self.age) ?? Self.none, counted(figures.dueWakes), Self.none,
            ], note: left > 0 ? "backfill: \(Int(left).counted("contact")) to go" : "")
    }

    private func bulk(_ queue: QueueName) -> String {
        guard let ready = ready(queue, [.bulk]), ready > 0 else { return "" }
        return "of these \(ready.grouped) in bulk"
    }

    private var mails: String {
        guard let backlog = view?.backlog else { return "" }
        let parts = [
            (backlog.claimedMessages, "claimed"), (backlog.handedMessages, "at their final dot"),
            (backlog.heldMessages, "held"),
        ]
        return parts.filter { $0.0 > 0 }.map { "\(counted($0.0)) \($0.1)" }.joined(separator: ", ")
    }

    static func rate(_ rate: Double) -> String {
        rate >= 10 || rate == 0 ? Int(rate.rounded()).grouped : "\((rate * 10).rounded() / 10)"
    }

    static func age(_ seconds: Double) -> String { Duration.milliseconds(Int64(seconds * 1000)).brief }
}
