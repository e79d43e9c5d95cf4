import Logging
import Metrics
import Model
import Postgres
public import ServiceLifecycle
import Store
public import Transit
import Workspaces

/// Keeps the parts of the log: makes them ahead, and lets those leave whose retention is over, a slice at a time when live
/// work leaves room.
///
/// A service of scoring; any number of processes may run it side by side. Nobody waits for it longer than a fifth of a second:
/// what it cannot have by then it asks for again at its next look.
public struct LogKeeper: Service {
    private let worker: Worker
    private let liveWork: LiveWork
    private let left = Counter(label: "loods_log_events_left_total")

    /// Short, so that whoever waits for a contact's lock waits for less than a tenth of a second.
    private static let slice: Int32 = 1000

    public init(worker: Worker, liveWork: LiveWork) {
        self.worker = worker
        self.liveWork = liveWork
    }

    public func run() async throws {
        await worker.untilStoreFits()
        let pace = LogPace()
        await look(pace)
        await every(.seconds(1)) { await look(pace) }
    }

    private func look(_ pace: LogPace) async {
        do {
            if await pace.isTimeToTend {
                try await extend()
                if try await seal() { await pace.foldOn() }
            }
            while await pace.isFolding, !Task.isShuttingDownGracefully {
                if try await !fold() { await pace.rest() }
                // Live work goes first; but this gets its turn, a slice a second at least.
                if await liveWork.isUnderWay { return }
            }
        } catch {
            worker.note(error, "the parts of the log stay as they are for now")
        }
    }

    /// Makes the parts that are missing.
    public func extend() async throws {
        var made: String?
        repeat {
            made = try await worker.pool.withTransaction { session in
                let months = try EventRetention.read(in: session).monthsOfPart
                return try EventPartitions.extend(now: DomainClock.read(in: session), months: months, in: session)
            }
            if let made { worker.logger.info("the log has a new part", metadata: ["part": "\(made)"]) }
        } while made != nil
    }

    /// Seals the oldest part if its retention is over, and no live condition looks back further.
    ///
    /// - Returns: whether there is a sealed part.
    public func seal() async throws -> Bool {
        let machineNow = worker.clock.now
        let (sealed, faults) = try await worker.pool.withTransaction { session in
            let now = try DomainClock.read(in: session)
            let retention = try EventRetention.read(in: session)
            guard let kept = retention.kept, try EventPartitions.due(at: now, keeping: retention, in: session) != nil
            else { return (nil as String?, [String]()) }
            let faults = try LongWindows.all(beyond: kept, in: session).map(\.description)
            guard faults.isEmpty else { return (nil, faults) }
            return (try EventPartitions.seal(machineNow: machineNow, in: session), [])
        }
        for fault in faults {
            worker.logger.error("nothing leaves the log: a window is longer", metadata: ["window": "\(fault)"])
        }
        if let sealed { worker.logger.info("a part of the log is sealed", metadata: ["part": "\(sealed)"]) }
        return try await worker.pool.withTransaction { try EventPartitions.all(in: $0).contains(where: \.isSealed) }
    }

    /// Takes a slice of events out of a sealed part, and drops the part once it is empty.
    ///
    /// - Returns: whether there may be more.
    public func fold() async throws -> Bool {
        let cache = worker.definitions
        let outcome = try await worker.pool.withRepeatedTransaction { session in
            try LogFold(definitions: cache, session: session).fold(limit: Self.slice)
        }
        switch outcome {
        case .nothing: return false
        case .folded(let count):
            left.increment(by: count)
            return true
        case .empty(let part):
            let isDropped = try await worker.pool.withTransaction { try EventPartitions.drop(part, in: $0) }
            if isDropped { worker.logger.info("a part of the log is dropped", metadata: ["part": "\(part)"]) }
            return isDropped
        }
    }
}

/// When the log is to be tended.
private actor LogPace {
    private var lastLook: ContinuousClock.Instant?
    private(set) var isFolding = false

    var isTimeToTend: Bool {
        guard lastLook.map({ .now - $0 > .seconds(5) }) ?? true else { return false }
        lastLook = .now
        return true
    }

    func foldOn() { isFolding = true }
    func rest() { isFolding = false }
}
