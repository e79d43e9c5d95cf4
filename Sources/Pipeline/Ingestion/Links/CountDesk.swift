import Links
public import Logging
import Model
public import Postgres
public import ServiceLifecycle
import Store
import Synchronization
import Transit

/// Counts opens and clicks of readers who have not consented to being known by them, and writes the sums once a second. Of who
/// they are nothing is kept, not even for that second.
///
/// What a process has counted when it is killed is lost, as opens and clicks may be; while the store is away it counts on.
public final class CountDesk: Service {
    /// Steps' mails that are counted between two writings; beyond, what is new is not counted.
    private static let most = 10_000

    private let counts = Mutex<[MailCounts.Key: Int64]>([:])
    private let write: @Sendable ([MailCounts.Key: Int64]) async throws -> Void
    private let logger: Logger

    public convenience init(pool: PostgresPool, logger: Logger) {
        self.init(logger: logger) { counts in
            try await pool.withTransaction { session in
                try MailCounts.add(counts, now: try DomainClock.read(in: session), in: session)
            }
        }
    }

    init(logger: Logger, write: @escaping @Sendable ([MailCounts.Key: Int64]) async throws -> Void) {
        self.logger = logger
        self.write = write
    }

    public func run() async throws {
        await every(.seconds(1)) { await self.flush() }
        await flush()
    }

    func take(_ kind: MailCounts.Kind, of mail: CountedMail, in workspace: WorkspaceID, by visit: Visit) {
        let key = MailCounts.Key(
            workspace: workspace, journey: mail.journey, step: mail.step, template: mail.template, kind: kind,
            visitor: visit.rawValue)
        counts.withLock { counts in
            guard counts[key] != nil || counts.count < Self.most else { return }
            counts[key, default: 0] += 1
        }
    }

    func flush() async {
        let taken = counts.withLock { counts in
            defer { counts = [:] }
            return counts
        }
        guard !taken.isEmpty else { return }
        do { try await write(taken) } catch {
            logger.debug("what was opened and clicked is counted on", metadata: ["reason": "\(error)"])
            counts.withLock { $0.merge(taken) { $0 + $1 } }
        }
    }
}
