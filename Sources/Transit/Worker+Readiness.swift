public import Messaging
import Postgres
public import ServiceRuntime

/// What `/readyz` says of the servers: what the process waits for, why, and since when.
extension Worker {
    /// For a service that takes its work from the broker and does it on the store: without either it is not ready.
    public func register(in readiness: Readiness) {
        let (publisher, pool, gate, intake) = (publisher, pool, gate, intake)
        readiness.register("rabbitmq") { publisher.trouble.map { .notReady($0.sentence) } ?? .ready }
        readiness.register("intake") {
            // What is blocked is publishing alone.
            guard let trouble = intake.trouble, trouble.availability == .away else { return .ready }
            return .notReady(trouble.sentence)
        }
        readiness.register("postgresql") { Self.absence(of: pool, gate).map { .notReady($0) } ?? .ready }
    }

    /// For the public edge, which goes on with whatever is there: once it has had the broker it stays ready, or an outage
    /// would take clicks, opens and withdrawals from it too.
    ///
    /// - Parameter publisher: for what the edge accepts, beside the worker's own.
    public func registerEdge(in readiness: Readiness, publisher: Publisher) {
        let (pool, gate, publishers) = (pool, gate, [publisher, self.publisher])
        readiness.register("rabbitmq") {
            guard let trouble = publishers.lazy.compactMap(\.trouble).first else { return .ready }
            guard trouble.wasThere else { return .notReady(trouble.sentence) }
            return .limited("\(trouble.sentence); events are held for a moment, then answered 503")
        }
        readiness.register("postgresql") {
            guard let absence = Self.absence(of: pool, gate) else { return .ready }
            return .limited("\(absence); withdrawals are recorded, and keys that are not known here are answered 503")
        }
    }

    /// How long a server may be silent before that is worth a word.
    private static let patience = Duration.seconds(5)

    private static func absence(of pool: PostgresPool, _ gate: StoreGate) -> String? {
        switch pool.state {
        case .available where pool.silence.map { $0 > patience } ?? false:
            "PostgreSQL has answered nothing for \(pool.silence?.components.seconds ?? 0) s"
        case .available: gate.obstacle
        case .away(let since, let reason): "PostgreSQL is away for \(seconds(since)) (\(reason))"
        }
    }

    fileprivate static func seconds(_ since: ContinuousClock.Instant) -> String {
        "\(max(0, (ContinuousClock.now - since).components.seconds)) s"
    }
}

extension BrokerTrouble {
    fileprivate var sentence: String {
        let time = Worker.seconds(since)
        return switch availability {
        case .blocked: "RabbitMQ takes no publishes for \(time): an alarm on its memory or disk"
        case .away, .connected:
            "RabbitMQ is away for \(time) (\(reason ?? "no connection has been opened yet"))"
        }
    }
}
