import Foundation
import Testing

@testable import Postgres

/// How a connection is opened at one of several servers, and what is said where that fails.
@Suite(.timeLimit(.minutes(10))) struct OpeningTests {
    @Test func serversAsConfigured() throws {
        let list = { (url: String) throws in
            try PostgresConfiguration(url: url, applicationName: "a").endpoints
        }
        #expect(try list("") == [Endpoint()])
        let both = [Endpoint(host: "one", port: "1"), Endpoint(host: "two", port: "2")]
        #expect(try list("postgres://one:1,two:2/db") == both)
        #expect(try list("host=one,two port=5") == ["one", "two"].map { Endpoint(host: $0, port: "5") })
        #expect(try list("host=db hostaddr=10.0.0.1")[0].name == nil && list("host=/run/postgresql")[0].name == nil)
        #expect(try list("host=db")[0].name == "db")
        // libpq complains of these.
        #expect(try list("host=one,two hostaddr=10.0.0.1") == [Endpoint()])
        #expect(try list("host=one,two port=1,2,3") == [Endpoint()])
        let server = try PostgresConfiguration(url: "postgres://u:p@one:1,two:2/db", applicationName: "a").server
        #expect(server == "one:1,two:2")
    }

    @Test func timeForConnecting() throws {
        let timeout = { (url: String) throws in
            try PostgresConfiguration(url: url, applicationName: "a", connectTimeout: .milliseconds(700)).connectTimeout
        }
        #expect(try timeout("host=db") == .milliseconds(700))
        #expect(try timeout("connect_timeout=5") == .seconds(5))
        #expect(try timeout("connect_timeout=0") == nil)
        #expect(throws: PostgresError.self) { try timeout("connect_timeout=soon") }
    }

    @Test func theNextServerIsTriedWhereOneIsAwayOrSilent() async throws {
        let real = try #require(URLComponents(string: Server.url()))
        let host = try #require(real.host)
        let silent = try Door(to: Server.url())
        try silent.open(withholding: true)
        let dead = try Door(to: Server.url())
        let ports = [dead.url, silent.url].map { "\(URLComponents(string: $0)?.port ?? 0)" } + ["\(real.port ?? 5432)"]
        let user = real.user ?? "postgres"
        let password = real.password.map { " password=\($0)" } ?? ""
        for attributes in ["", " target_session_attrs=read-write", " target_session_attrs=prefer-standby"] {
            let url =
                "host=127.0.0.1,127.0.0.1,\(host) port=\(ports.joined(separator: ",")) user=\(user)\(password)"
                + " dbname=postgres" + attributes
            #expect(try await isReached(url), "\(attributes)")
        }
        silent.shut()
    }

    @Test func whoWritesPassesOverAServerThatOnlyReads() async throws {
        let real = try Server.url()
        let separator = real.contains("?") ? "&" : "?"
        let readOnly = real + separator + "options=-c%20default_transaction_read_only%3Don"
        for (url, writes) in [(readOnly, false), (readOnly + "&target_session_attrs=any", true), (real, true)] {
            let configuration = try PostgresConfiguration(
                url: url, applicationName: "postgres-tests", poolSize: 1, writes: writes)
            try await Server.withPool(PostgresPool(configuration, logger: Server.quiet)) { pool in
                _ = try await pool.withConnection { try $0.execute("select 1") }
            }
        }
        let writer = try PostgresConfiguration(
            url: readOnly, applicationName: "postgres-tests", poolSize: 1, writes: true)
        let error = try await Server.withPool(PostgresPool(writer, logger: Server.quiet)) { pool in
            try await postgresError { _ = try await pool.withConnection { try $0.execute("select 1") } }
        }
        #expect(error.message == "the server takes no writes: it is a standby, or recovering")
        #expect(error.isTransient)
    }

    @Test func whyAConnectionIsRefusedIsSaidWithoutNames() async throws {
        let server = try #require(URLComponents(string: Server.url())).port ?? 5432
        let nobody = try Server.url { $0.user = "anne_secret" }
        let user = try await refused(nobody)
        #expect(user.sqlState?.hasPrefix("28") == true && user.concernsInstallation)
        #expect(user.message == "the server refuses the user or the password")
        let database = try await refused(Server.url { $0.path = "/anne_secret" })
        #expect(database.sqlState == "3D000" && database.concernsInstallation)
        for error in [user, database] {
            #expect(!error.description.contains("anne_secret") && error.debugDescription.contains("anne_secret"))
            #expect(error.description.contains(":\(server))") && error.description.contains("SQLSTATE"))
            #expect(error.code == .connection && error.isTransient)
        }
    }

    @Test func whatCannotBeReachedIsSaidAsConfigured() async throws {
        let door = try Door(to: Server.url())
        let port = try #require(URLComponents(string: door.url)?.port)
        let away = try await refused(door.url)
        #expect(away.message == "the server cannot be reached" && away.sqlState == nil)
        #expect(away.description.contains("(server 127.0.0.1:\(port))"))
        #expect(away.debugDescription.contains("refused"))
        let nowhere = try await refused("postgres://anne_secret:word@nowhere.invalid:1/data_secret")
        #expect(nowhere.description.contains("cannot be resolved (server nowhere.invalid:1)"))
        #expect(!nowhere.description.contains("secret") && !nowhere.description.contains("word"))
        let noTLS = try await refused(Server.url { $0.queryItems = [URLQueryItem(name: "sslmode", value: "require")] })
        #expect(noTLS.message == "the server and we do not agree on TLS")
        let noStandby = try await refused(
            Server.url { $0.queryItems = [URLQueryItem(name: "target_session_attrs", value: "standby")] })
        #expect(noStandby.message.contains("target_session_attrs"))
        try door.open(withholding: true)
        let silent = try await refused(door.url, within: .seconds(1))
        #expect(silent.code == .connection && silent.message.contains("in time"))
        door.shut()
    }

    @Test func readinessSaysWhyWithoutNames() async throws {
        let url = try Server.url { $0.user = "anne_secret" }
        let log = LogLines()
        try await Server.withPool(Server.pool(url: url, logger: log.logger)) { pool in
            _ = try? await pool.withConnection { _ in }
            guard case .away(_, let reason) = pool.state else {
                Issue.record("it is away")
                return
            }
            #expect(reason.hasPrefix("the server refuses the user or the password (SQLSTATE 28"))
            #expect(!reason.contains("anne_secret"))
            #expect(log.lines == ["PostgreSQL is away"])
        }
    }

    @Test func namesAreLookedUp() {
        for limit in [nil, ContinuousClock.now + .seconds(60)] {
            guard case .found(let addresses) = HostLookup.addresses(of: "localhost", until: limit) else {
                Issue.record("localhost has an address")
                return
            }
            #expect(addresses.contains("127.0.0.1") || addresses.contains("::1"))
        }
        guard case .found(["192.0.2.1"]) = HostLookup.addresses(of: "192.0.2.1", until: .now) else {
            Issue.record("an address is its own")
            return
        }
    }

    /// Whether one of the servers serves within ever longer times: the real one has to answer within each of them.
    private func isReached(_ url: String) async throws -> Bool {
        for timeout in [Duration.milliseconds(400), .seconds(2), .seconds(10)] {
            let configuration = try PostgresConfiguration(
                url: url, applicationName: "postgres-tests", poolSize: 1, connectTimeout: timeout)
            let one = try await Server.withPool(PostgresPool(configuration, logger: Server.quiet)) { pool in
                try? await pool.withConnection { try $0.query("select 1::int8")[0].decode(Int.self) }
            }
            if one == 1 { return true }
        }
        return false
    }

    private func refused(_ url: String, within timeout: Duration = .seconds(30)) async throws -> PostgresError {
        let configuration = try PostgresConfiguration(
            url: url, applicationName: "postgres-tests", poolSize: 1, connectTimeout: timeout)
        return try await Server.withPool(PostgresPool(configuration, logger: Server.quiet)) { pool in
            try await postgresError { try await pool.withConnection { _ in } }
        }
    }
}
