import ArgumentParser
import Model
import Pacing
import Postgres
import Store
import Transit
import Workspaces

struct PaceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pace", abstract: "Show the limits that mails are held to, what of them is used, and what waits.",
        discussion: """
            Limits are those of "pace" in workspace.yaml; all mailers together keep to them. Sites to which mail is slowed \
            down, since their servers put it off, and lines of mails that wait for their turn are shown as well.
            """)

    @OptionGroup var workspace: WorkspaceOption
    @OptionGroup var format: FormatOption

    func run() async throws {
        let choice = try workspace.choice()
        let standing = try await withWorkspace(choice) { try PaceStanding($0, in: $1) }
        if format.json { return Console.show(standing.json) }
        for line in standing.lines { print(line) }
    }
}

/// The pace of one workspace's mails as it stands.
struct PaceStanding: Sendable {
    private struct Limit: Sendable {
        var bucket: String
        var limits: SendLimits
        var warmUp: WarmUp?
        var entry: SendQuotas.Entry
    }

    private let now: Timestamp
    private let limits: [Limit]
    private let slowed: [(site: String, backOff: BackOff)]
    private let queues: [SendLines.Standing]

    /// Mails of a line that are counted.
    private static let most: Int64 = 100_000

    init(_ workspace: WorkspaceRegister.Entry, in session: PostgresSession) throws {
        let now = try DomainClock.read(in: session)
        let pace = try DefinitionsCache().live([workspace.id], in: session)[workspace.id]?.pace ?? SendPace()
        let entries = try SendQuotas.all(in: session).filter { $0.key.workspace == workspace.id }
        self.now = now
        limits = entries.compactMap { key, entry in
            pace.rules.first { $0.keeps(key.bucket) }.map { rule in
                let progress = rule.warmUp.map { plan in plan.standing(entry.progress, at: now) } ?? entry.progress
                let bucket = PaceBucket(name: key.bucket, limits: rule.limits, warmUp: rule.warmUp)
                return Limit(
                    bucket: key.bucket, limits: bucket.limits(at: progress), warmUp: rule.warmUp, entry: entry)
            }
        }
        let prefix = PaceBucket.backOff(of: "")
        slowed = entries.filter { $0.key.bucket.hasPrefix(prefix) && $0.entry.quota.backOff.isActive(at: now) }.map {
            (String($0.key.bucket.dropFirst(prefix.count)), $0.entry.quota.backOff)
        }
        queues = try SendLines.all(most: Self.most, in: session).filter { $0.key.workspace == workspace.id }
    }

    var lines: [String] {
        var lines = limits.map { limit in
            let warmUp = limit.warmUp == nil ? "" : "   warm-up"
            return Console.safe(
                "limit   \(limit.bucket)   \(Self.use(limit, at: now).joined(separator: ", "))\(warmUp)")
        }
        lines += slowed.map { site, backOff in
            let end = backOff.endsAt.map { ", whole again at \($0)" } ?? ""
            let since = backOff.since.map { " since \($0)" } ?? ""
            return Console.safe(
                "slowed  to \(site)   at \(backOff.share(at: now) / 10) % of \(backOff.perMinute ?? 0) a minute\(since)\(end)"
            )
        }
        lines += queues.map { queue in
            let line = queue.key.line
            let next = queue.nextAt > now ? ", next at \(queue.nextAt)" : ""
            return Console.safe(
                "line    \(line.kind.rawValue) from \(line.domain) to \(line.site)   "
                    + "\(queue.waiting.counted("mail")) \(queue.waiting == 1 ? "waits" : "wait")\(next)")
        }
        return lines.isEmpty ? ["no mail was held to a limit yet, and none waits"] : lines
    }

    private static let units: [(unit: SendLimits.Unit, name: String)] = [
        (.second, "second"), (.minute, "minute"), (.hour, "hour"), (.day, "day"),
    ]

    private static func use(_ limit: Limit, at now: Timestamp) -> [String] {
        let used = units.compactMap { unit, name in
            limit.limits[unit].map { "\(limit.entry.quota.used(unit, at: now).grouped) of \($0.grouped) this \(name)" }
        }
        return used + (limit.limits.sessions.map { ["\($0) at once"] } ?? [])
    }

    var json: JSON {
        .object([
            "limits": .array(
                limits.map { limit in
                    var members: [String: JSON] = ["bucket": .string(limit.bucket)]
                    for (unit, name) in Self.units {
                        guard let most = limit.limits[unit] else { continue }
                        members["per_\(name)"] = .object([
                            "limit": .int(most), "used": .int(limit.entry.quota.used(unit, at: now)),
                        ])
                    }
                    members["sessions"] = limit.limits.sessions.map { .int($0) }
                    members["warm_up_step"] = limit.warmUp.map { _ in .int(Int64(limit.entry.progress.step)) }
                    return .object(members)
                }),
            "slowed": .array(
                slowed.map { site, backOff in
                    .object([
                        "site": .string(site), "share": .double(Double(backOff.share(at: now)) / 1000),
                        "of_a_minute": .int(backOff.perMinute ?? 0),
                        "since": backOff.since.map { .string($0.description) } ?? .null,
                        "until": backOff.endsAt.map { .string($0.description) } ?? .null,
                    ])
                }),
            "lines": .array(
                queues.map { queue in
                    .object([
                        "class": .string(queue.key.line.kind.rawValue), "domain": .string(queue.key.line.domain),
                        "site": .string(queue.key.line.site), "waiting": .int(queue.waiting),
                        "next_at": .string(queue.nextAt.description),
                    ])
                }),
        ])
    }
}
