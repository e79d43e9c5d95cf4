public import Logging
public import Messaging
public import Postgres
public import ServiceLifecycle
public import ServiceRuntime
public import Store

/// What every worker process stands on: the store, the broker, the outbox and the clock's mode.
public struct Worker: Sendable {
    /// The settings that all workers share.
    public struct Settings: Sendable {
        public var databaseURL: String
        public var brokerURL: String
        public var clock: DomainClock.Mode
        public var connections: Int

        public init(_ reader: inout SettingsReader) {
            databaseURL = reader.url(
                "LOODS_DATABASE_URL", schemes: ["postgres", "postgresql"], example: "postgres://loods@db/loods",
                meaning: "The PostgreSQL of this cell.")
            brokerURL = reader.url(
                "LOODS_AMQP_URL", schemes: ["amqp", "amqps"], example: "amqp://loods:secret@mq:5672/",
                meaning: "The RabbitMQ of this cell.")
            let clock = reader.string(
                "LOODS_CLOCK", default: "real",
                meaning: "Domain time: real, or stepped (it stands until loods clock moves it). As given to migrate.")
            self.clock = clock.hasPrefix("stepped") ? .stepped : .real
            if clock != "real" && clock != "stepped" && !clock.hasPrefix("stepped@") {
                reader.fault("LOODS_CLOCK", "\"\(clock)\" is neither real nor stepped (default real)")
            }
            connections = reader.int(
                "LOODS_DATABASE_CONNECTIONS", in: 1...64, default: 2, unit: "connections",
                meaning: "Connections to PostgreSQL.")
        }
    }

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
    public let logger: Logger
    private let sweeps: Bool

    /// - Parameter sweeps: whether this process takes its share of the outbox sweeping.
    public init(_ settings: Settings, _ context: ServiceContext, sweeps: Bool = true) throws {
        do {
            let pool = PostgresPool(
                try PostgresConfiguration(
                    url: settings.databaseURL, applicationName: "loods-\(context.name)",
                    poolSize: settings.connections),
                logger: context.logger)
            let broker = try BrokerConfiguration(url: settings.brokerURL, connectionName: "loods-\(context.name)")
            self.init(
                pool: pool, broker: broker, clockMode: settings.clock, clock: .host, logger: context.logger,
                sweeps: sweeps)
        } catch {
            throw ExitFault(code: .settings, message: "\(error)")
        }
    }

    /// A worker on what the caller has made; it runs and closes the pool among its `services`.
    public init(
        pool: PostgresPool, broker: BrokerConfiguration, clockMode: DomainClock.Mode, clock: MachineClock,
        logger: Logger, sweeps: Bool = true
    ) {
        self.pool = pool
        self.broker = broker
        intake = BrokerConnection(broker, logger: logger)
        publisher = Publisher(broker, logger: logger)
        relay = OutboxRelay(pool: pool, publisher: publisher, logger: logger)
        self.clock = clock
        setAside = SetAsideSink(pool: pool, clock: clock)
        self.clockMode = clockMode
        definitions = DefinitionsCache()
        self.logger = logger
        self.sweeps = sweeps
    }

    /// The services under the worker's own, in starting order.
    public var services: [any Service] {
        var services: [any Service] = [pool, publisher, ClockGuard(pool: pool, mode: clockMode, logger: logger)]
        if sweeps {
            services.append(OutboxSweeper(pool: pool, relay: relay, clock: clock, logger: logger))
        }
        return services
    }

    /// Makes readiness depend on the broker, and on the database where the service cannot do without.
    public func register(in readiness: Readiness, needsDatabase: Bool) {
        let publisher = publisher
        readiness.register("rabbitmq") {
            switch publisher.availability {
            case .connected: .ready
            case .blocked: .notReady("RabbitMQ takes no publishes: an alarm on its memory or disk")
            case .away: .notReady("RabbitMQ is away")
            }
        }
        guard needsDatabase else { return }
        let pool = pool
        readiness.register("postgresql") {
            switch pool.state {
            case .available: .ready
            case .away(_, let reason): .notReady("PostgreSQL is away (\(reason))")
            }
        }
    }
}
