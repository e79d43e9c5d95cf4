import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Ends the process when shutting down takes too long. Started last, it is the first to hear of the shutdown.
final class DrainWatch: Service {
    private let limit: Duration
    private let readiness: Readiness
    private let logger: Logger
    private let alarm = Mutex<Scheduled<Void>?>(nil)

    init(limit: Duration, readiness: Readiness, logger: Logger) {
        self.limit = limit
        self.readiness = readiness
        self.logger = logger
    }

    /// All has ended in time.
    func disarm() { alarm.withLock { $0?.cancel() } }

    func run() async throws {
        try await gracefulShutdown()
        readiness.drain()
        logger.info("shutting down", metadata: ["drain_seconds": .stringConvertible(limit.components.seconds)])
        // On an event loop's thread, since what hangs may be the cooperative pool itself.
        let logger = logger
        let scheduled = MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: .nanoseconds(limit.nanoseconds)) {
            logger.error("work in hand did not end within the drain time; ending the process")
            exit(ExitCode.ourFault.rawValue)
        }
        alarm.withLock { $0 = scheduled }
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
