import ArgumentParser
import Messaging
import Model
import Pacing
import Postgres
import ServiceRuntime
import Store
import Transit

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show who works, how fast, what waits, and what needs a person.",
        discussion: """
            Exit codes: 0 all is well, 1 something needs a person, 69 PostgreSQL or RabbitMQ is away. Processes say every \
            \(Int(WorkerWatch.interval / .seconds(1))) s that they live. Rows are counted up to \(Backlog.limit.grouped) of a \
            kind: there may be more.
            """)

    @OptionGroup var format: FormatOption

    func run() async throws {
        let (database, broker) = try Settings.read { (Settings.databaseURL(&$0), Settings.brokerURL(&$0)) }
        let configuration = try Settings.broker(broker)
        let queues = try await Self.queues(configuration)
        // Before the store, which is never behind what mailers have published of it.
        let published = queues.isThere ? await PublishedMarks.newest(configuration) : .unreachable
        let store = try await Self.store(database, published)
        let status = ClusterStatus(store: store, queues: queues, machineNow: MachineClock.host.now)
        if format.json {
            Console.show(status.json)
        } else {
            for line in status.lines { print(line) }
        }
        guard status.code != .done else { return }
        throw ArgumentParser.ExitCode(status.code.rawValue)
    }

    private static func queues(_ configuration: BrokerConfiguration) async throws -> ClusterStatus.Queues {
        do throws(MessagingError) {
            return .there(try await Topology.depths(configuration))
        } catch {
            if error.isRefusal || !error.isTransient { throw error }
            return .away(error.message)
        }
    }

    private static func store(_ url: String, _ published: Lineages.Published) async throws -> ClusterStatus.Store {
        do {
            return try await PostgresPool.lend(url) { pool in
                .there(
                    try await pool.withTransaction(within: .seconds(20)) { session in
                        try Standing.cell.take(in: session)
                        return try StoreView(published: published, machineNow: MachineClock.host.now, in: session)
                    })
            }
        } catch let error as PostgresError where error.isTransient && error.wayOut == nil {
            return .away(String(error.message.prefix { $0 != "\n" && $0 != ";" }))
        }
    }
}

/// What the store says at one moment.
struct StoreView: Sendable {
    let clock: DomainClock.Reading
    let backlog: Backlog
    let figures: StoreFigures
    let log: LogFigures
    let workers: [Workers.Entry]
    /// Those under way, and the last ones.
    let broadcasts: [Broadcasts.Standing]
    /// The tests within broadcasts that were decided of late.
    let tests: [TestResults.Result]
    /// Journeys whose runs wait for their turn.
    let queues: [Turns.Queue]
    /// Senders whose mail stands still, each with its workspace's name.
    let pausedSenders: [(workspace: String, pause: SenderPauses.Pause)]
    /// Journeys that stand still since too much of their mail came back, each with its workspace's name.
    let stoppedJourneys: [(workspace: String, stopped: JourneyReturns.Stopped)]
    /// Workspaces that send nothing, each with its name.
    let killSwitches: [(workspace: String, entry: KillSwitches.Entry)]
    /// Sites to which mail is slowed down, each with its workspace's name.
    let slowedSites: [(workspace: String, site: String, backOff: BackOff)]
    /// Why mails are not sent from this store; nil where they are.
    let refusal: String?

    init(published: Lineages.Published, machineNow: Timestamp, in session: PostgresSession) throws {
        clock = try DomainClock.reading(in: session)
        backlog = try Backlog.read(at: clock.now, in: session)
        figures = try StoreFigures.read(machineNow: machineNow, in: session)
        log = try LogFigures.read(in: session)
        workers = try Workers.all(in: session)
        let (now, day) = (clock.now, Span.days(1))
        broadcasts = try BroadcastDirectory.recent(limit: 20, in: session).filter { standing in
            standing.state == .walking || standing.endedAt.map { $0 > now - day } ?? false
        }
        tests = try TestResults.recent(limit: 20, in: session).filter { $0.decidedAt > now - day }
        queues = try Turns.queues(in: session)
        let workspaces = Dictionary(
            try WorkspaceRegister.all(in: session).map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
        pausedSenders = try SenderPauses.all(in: session).map { (workspaces[$0.sender.workspace] ?? "", $0) }
        stoppedJourneys = try JourneyReturns.stopped(in: session).map { (workspaces[$0.place.workspace] ?? "", $0) }
        killSwitches = try KillSwitches.all(in: session).map { (workspaces[$0.workspace] ?? "", $0) }
        let prefix = PaceBucket.backOff(of: "")
        slowedSites = try SendQuotas.all(prefix, in: session).filter { $0.entry.quota.backOff.isActive(at: now) }.map {
            let site = String($0.key.bucket.dropFirst(prefix.count))
            return (workspaces[$0.key.workspace] ?? "", site, $0.entry.quota.backOff)
        }
        let standing = try Lineages.standing(in: session)
        let hasClaimed = try Lineages.hasClaimed(in: session)
        switch Lineages.judge(standing, published: published, hasClaimed: hasClaimed) {
        case .refuse(let reason): refusal = reason
        case .stands, .accept, .wait: refusal = nil
        }
    }
}
