import Foundation
import Logging
import Messaging
import Postgres
import ServiceRuntime
import Store
import Transit

/// Where the servers are, as the environment says.
enum Settings {
    static let logger = Logger(label: "loods") { _ in SwiftLogNoOpLogHandler() }

    /// Reads settings; all that is wrong with them is reported at once.
    static func read<Value>(_ body: (inout SettingsReader) -> Value) throws -> Value {
        var reader = SettingsReader(environment: ProcessInfo.processInfo.environment)
        let value = body(&reader)
        guard reader.faults.isEmpty else {
            var report = reader.faults.report
            report.removeLast()
            throw ExitFault(code: .settings, message: report)
        }
        for caution in reader.cautions { Console.note(caution.message) }
        return value
    }

    static func databaseURL(_ reader: inout SettingsReader) -> String {
        reader.url(
            "LOODS_DATABASE_URL", password: "LOODS_DATABASE_PASSWORD", schemes: ["postgres", "postgresql"],
            example: "postgres://loods@db/loods",
            meaning: "The PostgreSQL of this cell.")
    }

    static func brokerURL(_ reader: inout SettingsReader) -> String {
        reader.url(
            "LOODS_AMQP_URL", password: "LOODS_AMQP_PASSWORD", schemes: ["amqp", "amqps"],
            example: "amqp://loods:secret@mq:5672/",
            meaning: "The RabbitMQ of this cell. Several nodes: host1:port1,host2:port2 in the host's place.")
    }

    /// `LOODS_WORKSPACE`, where it is set.
    static var workspace: String? {
        get throws { try read { $0.string("LOODS_WORKSPACE", meaning: "The workspace that commands are about.") } }
    }

    static func broker(_ url: String) throws -> BrokerConfiguration {
        let authorities = try read {
            $0.authorities(
                "LOODS_AMQP_CA_FILE",
                meaning: "PEM file of the authorities to trust in place of the system's; for amqps.")
        }
        let certificate = try read { $0.brokerCertificate() }
        return try BrokerConfiguration(
            url: url, connectionName: "loods", authorityFile: authorities, certificate: certificate)
    }
}

extension PostgresPool {
    /// Lends a pool to `body` and closes it; for the length of a command.
    static func lend<R: Sendable>(
        _ url: String, size: Int = 1, _ body: (PostgresPool) async throws -> R
    ) async throws -> R {
        let configuration = try PostgresConfiguration(url: url, applicationName: "loods", poolSize: size)
        let pool = PostgresPool(configuration, logger: Settings.logger)
        do {
            let value = try await body(pool)
            await pool.close()
            return value
        } catch {
            await pool.close()
            throw error
        }
    }
}

extension Publisher {
    /// Lends a publisher to `body` and closes it. A broker that is away may come back while it is in use; one that refuses
    /// us is told of at once.
    static func lend<R: Sendable>(_ url: String, _ body: (Publisher) async throws -> R) async throws -> R {
        let configuration = try Settings.broker(url)
        do { _ = try await Topology.depths(configuration) } catch  where error.isRefusal { throw error } catch {}
        let publisher = Publisher(configuration, logger: Settings.logger)
        do {
            let value = try await body(publisher)
            await publisher.close()
            return value
        } catch {
            await publisher.close()
            throw error
        }
    }
}
