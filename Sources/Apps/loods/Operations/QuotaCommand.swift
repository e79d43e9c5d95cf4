import ArgumentParser
import Model
import ServiceRuntime
import Store
import Transit

struct QuotaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quota", abstract: "How many events a workspace may bring in a day and in a month.",
        discussion: """
            Days and months are of UTC, and all keys count together. Without options it shows the quota and how far it is \
            used; edges hear of a change within a minute.
            """)

    @Option(name: .customLong("per-day"), help: "Events of a day, or none.", transform: Self.change)
    var perDay: Change?
    @Option(name: .customLong("per-month"), help: "Events of a month, or none.", transform: Self.change)
    var perMonth: Change?
    @OptionGroup var workspace: WorkspaceOption
    @OptionGroup var format: FormatOption

    /// What a quota becomes; nil: as many as come.
    struct Change: Sendable {
        var limit: Int64?
    }

    private static func change(_ text: String) throws -> Change { Change(limit: try limit(text)) }

    static func limit(_ text: String) throws -> Int64? {
        if text == "none" { return nil }
        guard let events = Int64(text), (1...1_000_000_000_000_000).contains(events) else {
            throw ValidationError("A quota is a number of events, or none.")
        }
        return events
    }

    func run() async throws {
        let (choice, perDay, perMonth) = (try workspace.choice(), perDay, perMonth)
        let machineNow = MachineClock.host.now
        let standing = try await withWorkspace(choice) { workspace, session in
            let id = workspace.id
            var standing = try EventQuotas.standing(of: id, machineNow: machineNow, in: session)
            guard perDay != nil || perMonth != nil else { return standing }
            if let perDay { standing.quota.perDay = perDay.limit }
            if let perMonth { standing.quota.perMonth = perMonth.limit }
            try EventQuotas.set(standing.quota, of: id, in: session)
            return standing
        }
        if format.json { return Console.show(standing.json) }
        print("today       \(Self.use(standing.today, of: standing.quota.perDay, standing.quota))")
        print("this month  \(Self.use(standing.thisMonth, of: standing.quota.perMonth, standing.quota))")
    }

    /// Without any quota nothing is counted.
    private static func use(_ events: Int64, of limit: Int64?, _ quota: EventQuota) -> String {
        switch limit {
        case let limit?: "\(events.grouped) of \(limit.counted("event"))"
        case nil: quota.isNone ? "no quota" : "\(events.counted("event")), no quota"
        }
    }
}

extension EventQuotas.Standing {
    fileprivate var json: JSON {
        .object([
            "per_day": quota.perDay.map { .int($0) } ?? .null, "today": .int(today),
            "per_month": quota.perMonth.map { .int($0) } ?? .null, "this_month": .int(thisMonth),
        ])
    }
}
