public import Logging
public import Messaging
public import Postgres
public import ServiceLifecycle
public import ServiceRuntime
public import Store

/// What every worker process stands on: the store, the broker, the outbox and the clock's mode.
public struct Worker: Sendable {
    public let pool: PostgresPool
    public let broker: BrokerConfiguration
    /// Shared by all consumers of the process; publishing has a connection of its own.
    public let intake: BrokerConnection
    public let publisher: Publisher
    public let relay: OutboxRelay
    public let setAside: SetAsideSink
    public let clockMode: DomainClock.Mode
    public let clock: MachineClock
    public let definitions: DefinitionsCache
    /// What erased people are known by, in services that must know them.
    public let erasureKey: ErasureKey?
    public let logger: Logger
    let gate: StoreGate
    let moves: ClockMoves
    /// This process among all: `scoring HOST/PID`.
    public let name: String
    private let faults: DeploymentFaults
    private let sweeps: Bool

    /// - Parameter sweeps: whether this process takes its share of the outbox sweeping.
    public init(_ settings: Settings, _ context: ServiceContext, sweeps: Bool = true) throws {
        do {
            let name = "loods-\(context.name)"
            self.init(
                pool: PostgresPool(try settings.database(as: name), logger: context.logger),
                broker: try settings.broker(as: name), clockMode: settings.clock, clock: .host,
                erasureKey: settings.erasureKey, logger: context.logger, name: context.name, sweeps: sweeps)
        } catch {
            throw ExitFault(code: .settings, message: "\(error)")
        }
    }

    /// A worker on what the caller has made; it runs and closes the pool among its `services`.
    public init(
        pool: PostgresPool, broker: BrokerConfiguration, clockMode: DomainClock.Mode, clock: MachineClock,
        erasureKey: ErasureKey? = nil, logger: Logger, name: String = "worker", sweeps: Bool = true
    ) {
        self.name = "\(name) \(Host.name)/\(Host.process)"
        self.pool = pool
        self.broker = broker
        let gate = StoreGate(pool: pool, mode: clockMode)
        self.gate = gate
        moves = ClockMoves(pool: pool)
        faults = DeploymentFaults(logger: logger)
        intake = BrokerConnection(broker, logger: logger) { await gate.untilUsable() }
        publisher = Publisher(broker, logger: logger)
        relay = OutboxRelay(pool: pool, publisher: publisher, logger: logger)
        self.clock = clock
        setAside = SetAsideSink(pool: pool, clock: clock, worker: self.name)
        self.clockMode = clockMode
        self.erasureKey = erasureKey
        definitions = DefinitionsCache()
        self.logger = logger
        self.sweeps = sweeps
    }

    /// The services under the worker's own, in starting order.
    public var services: [any Service] {
        var services: [any Service] = [pool, publisher, ClockGuard(gate: gate, logger: logger)]
        if sweeps {
            services.append(OutboxSweeper(pool: pool, relay: relay, clock: clock, logger: logger))
        }
        return services
    }

    /// Returns once the store was seen migrated and with the right clock, or when shutdown begins: for loops that write to
    /// it by themselves. Consumers on `intake` wait of their own accord.
    public func untilStoreFits() async {
        let gate = gate
        await cancelWhenGracefulShutdown { await gate.pass() }
    }

    /// Whether the store was seen migrated and with the right clock.
    var storeHasFitted: Bool { gate.obstacle == nil }

    /// Whether the same work may succeed later, without a change to it. A fault of the deployment, for which somebody has
    /// to do something, is said in the log: once per outage.
    public func isTransient(_ error: any Error) -> Bool {
        faults.note(error)
        return Transit.isTransient(error)
    }

    /// Says why a turn of a loop came to nothing: in the debug log, and a fault of the deployment as ``isTransient(_:)`` does.
    public func note(_ error: any Error, _ sentence: Logger.Message) {
        faults.note(error)
        logger.debug(sentence, metadata: ["reason": "\(error)"])
    }
}
