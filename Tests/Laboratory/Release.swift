public import Foundation
import TestSupport
import Testing

/// The release before this one: the last line of `deploy/releases`, built by `deploy/dev test faults`.
public enum Release {
    /// The folder of its executables, which `LOODS_TEST_RELEASE` names; nil where it is not built.
    public static let before: URL? = ProcessInfo.processInfo.environment["LOODS_TEST_RELEASE"]
        .flatMap { $0.isEmpty ? nil : URL(fileURLWithPath: $0, isDirectory: true) }

    /// A store and a broker that a release has set up by itself, with its own schema and queues.
    public static func withStore(of release: URL, _ body: (TestStage) async throws -> Void) async throws {
        try await TestDatabase.withEmpty { database in
            try await TestBroker.with(declared: false) { broker in
                let environment = [
                    "LOODS_DATABASE_URL": database.url, "LOODS_AMQP_URL": broker.url, "LOODS_CLOCK": "real",
                ]
                let migrate = try ServiceProcess(
                    "loods", arguments: ["migrate"], environment: environment, from: release)
                let exit = try await migrate.waitForExit()
                try #require(exit == .status(0), "the release before cannot migrate: \(migrate.output)")
                try await body(TestStage(database: database, broker: broker, clock: .real))
            }
        }
    }
}
