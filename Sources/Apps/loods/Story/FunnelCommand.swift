import ArgumentParser
import JourneyProgram
import Model
import ServiceRuntime
import Store
import Transit
import Workspaces

struct FunnelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "funnel", abstract: "Show how many contacts are in each stage, who moved, and what journeys did.",
        discussion: """
            Stage, segment and journey at two instants and between them. A date means the beginning of that day in the \
            workspace's zone; an instant is written as 2026-03-02T09:00:00Z.
            """)

    @Option(help: "The first instant; 28 days before the second by default.")
    var from: String?
    @Option(help: "The second instant; now by default.")
    var to: String?
    @OptionGroup var workspace: WorkspaceOption
    @OptionGroup var format: FormatOption

    func run() async throws {
        let (choice, from, to) = (try workspace.choice(), from, to)
        let telling = try await withWorkspace(choice) { workspace, session in
            guard workspace.revision > 0 else {
                throw ExitFault(code: .failures, message: "workspace \(workspace.name) has no definitions yet")
            }
            let definitions = try DefinitionsCache().workspace(
                workspace.id, revision: workspace.revision, in: session)
            let now = try DomainClock.read(in: session)
            let end = try to.map { try Self.instant($0, in: definitions.zone) } ?? now
            let start = try from.map { try Self.instant($0, in: definitions.zone) } ?? end - .days(28)
            guard start < end else { throw ExitFault(code: .settings, message: "--from lies before --to") }
            let funnel = try Funnel.read(
                of: workspace.id, stages: definitions.stages.map(\.name), keepsStages: definitions.regress == .never,
                from: start, to: end, now: now, in: session)
            let broadcasts = try BroadcastDirectory.recent(of: workspace.id, limit: 200, in: session)
                .filter { $0.dueAt >= start && $0.dueAt <= end }
            let tests = try TestResults.recent(of: workspace.id, limit: 200, in: session)
                .filter { $0.decidedAt >= start && $0.decidedAt <= end }
            let counts = try MailCounts.sums(of: workspace.id, from: start, to: end, in: session)
            return FunnelTelling(
                funnel: funnel, definitions: definitions, from: start, to: end, broadcasts: broadcasts.reversed(),
                tests: tests.reversed(), counts: counts)
        }
        if format.json { return Console.show(telling.json) }
        for line in telling.lines { print(line) }
    }

    private static func instant(_ text: String, in zone: LocalZone) throws -> Timestamp {
        if text.count == 10, let day = Timestamp(iso8601: text + "T00:00:00Z") {
            return zone.instant(ofWallClock: day.microseconds / 1_000_000)
        }
        if let instant = Timestamp(iso8601: text) { return instant }
        throw ExitFault(
            code: .settings,
            message: "\"\(text)\" is no date such as 2026-03-02, and no instant such as 2026-03-02T09:00:00Z")
    }
}
