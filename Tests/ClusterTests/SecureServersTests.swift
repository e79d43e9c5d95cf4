import Foundation
import Laboratory
import Postgres
import TestSupport
import Testing

/// Services that speak TLS with both servers, and what they say where they do not trust them.
@Suite struct SecureServersTests {
    @Test(.timeLimit(.minutes(10)))
    func eventsAreStoredOverTLSAndAStrangersServersAreNamed() async throws {
        let authority = try await TestAuthority.make()
        let stranger = try await TestAuthority.make()
        let identity = try await authority.issue(to: "localhost")
        try await TestAuthority.withFile(authority.certificate) { right in
            try await TestAuthority.withFile(stranger.certificate) { wrong in
                try await Self.withServers(authority, identity) { stage, urls in
                    let secure = Self.settings(urls, trusting: right)
                    try await Cluster.with(
                        services: ["ingest", "scoring"], on: stage, settings: ["ingest": secure, "scoring": secure],
                        workspace: Shop.files
                    ) { cluster in
                        try await cluster.post((0..<20).flatMap { Shop.customer($0, consents: ["offers"]) })
                        try await eventually("all events are stored") {
                            try await cluster.contacts == 20
                        }
                        try await Self.expectEncrypted(cluster)
                        try await cluster.start("scoring-2", with: Self.settings(urls, trusting: wrong))
                        try await Self.expectDistrust(await cluster.process("scoring-2"))
                    }
                }
            }
        }
    }

    /// What a service is given, its secrets included.
    private struct Addresses: Sendable {
        var database: String
        var broker: String
    }

    private static func withServers(
        _ authority: TestAuthority, _ identity: TestAuthority.Identity,
        _ body: (TestStage, Addresses) async throws -> Void
    ) async throws {
        let files = [
            "authority.pem": authority.certificate, "server.pem": identity.certificate, "server.key": identity.key,
        ]
        let postgres = OwnPostgres.Options(
            settings: ["ssl = on", "ssl_cert_file = '../server.pem'", "ssl_key_file = '../server.key'"], files: files)
        let port = FreePort.take()
        let broker = OwnBroker.Options(
            settings: [
                "listeners.ssl.1 = 127.0.0.1:\(port)", "ssl_options.cacertfile = authority.pem",
                "ssl_options.certfile = server.pem", "ssl_options.keyfile = server.key",
            ], files: files)
        try await OwnPostgres.with(postgres) { postgres in
            try await OwnBroker.with(broker) { broker in
                try await TestDatabase.at(try await postgres.makeStore()) { database in
                    let stage = TestStage(
                        database: database, broker: try await .at(broker.url), clock: .real)
                    let urls = Addresses(
                        database: database.url.replacing("127.0.0.1", with: "localhost"),
                        broker: "amqps://guest:guest@localhost:\(port)/")
                    try await body(stage, urls)
                }
            }
        }
    }

    private static func settings(_ urls: Addresses, trusting file: String) -> [String: String] {
        [
            "LOODS_DATABASE_URL": "\(urls.database)?sslmode=verify-full&sslrootcert=\(file)",
            "LOODS_AMQP_URL": urls.broker, "LOODS_AMQP_CA_FILE": file,
        ]
    }

    private static func expectEncrypted(_ cluster: Cluster) async throws {
        let open = try await cluster.texts(
            """
            select distinct application_name || case when ssl then ' encrypted' else ' plain' end
            from pg_stat_ssl join pg_stat_activity using (pid) where application_name like 'loods-%' order by 1
            """)
        #expect(open.contains("loods-scoring encrypted") && open.contains("loods-ingest encrypted"), "\(open)")
        #expect(!open.contains("loods-scoring plain") && !open.contains("loods-ingest plain"), "\(open)")
    }

    /// Both faults are in its log, by name, and no password is.
    private static func expectDistrust(_ process: ServiceProcess) async throws {
        try await eventually("it says that it trusts neither") {
            process.output.contains("the server's certificate is not trusted")
                && process.output.contains("the broker's certificate is not trusted")
        }
        #expect(!process.output.contains("own-") && !process.output.contains("guest:guest"))
        process.send(SIGTERM)
    }
}
