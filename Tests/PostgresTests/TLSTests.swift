import Foundation
import Postgres
import TestSupport
import Testing

/// TLS to the server, its certificate verified, and ours where it asks.
@Suite(.timeLimit(.minutes(10))) struct TLSTests {
    private static func options(
        _ identity: TestAuthority.Identity, _ authority: TestAuthority, access: String = "scram-sha-256"
    ) -> OwnPostgres.Options {
        OwnPostgres.Options(
            settings: [
                "ssl = on", "ssl_cert_file = '../server.crt'", "ssl_key_file = '../server.key'",
                "ssl_ca_file = '../authority.crt'",
            ],
            access: ["hostssl all tls 127.0.0.1/32 \(access)"],
            files: [
                "server.crt": identity.certificate, "server.key": identity.key,
                "authority.crt": authority.certificate,
            ])
    }

    /// The URL of the user `tls`, at the host's name.
    private func url(_ server: OwnPostgres, _ parameters: String, host: String = "localhost") -> String {
        "postgres://tls:secret-word@\(host):\(server.port)/postgres?sslmode=verify-full&\(parameters)"
    }

    private func answer(_ url: String) async throws -> String {
        try await Server.withPool(Server.pool(url: url, size: 1)) { pool in
            try await pool.withConnection { session in
                try session.query(
                    "select version || coalesce(client_dn, '') from pg_stat_ssl where pid = pg_backend_pid()")[0]
                    .decode(String.self)
            }
        }
    }

    private func refused(_ url: String) async throws -> PostgresError {
        let log = LogLines()
        let error = try await Server.withPool(Server.pool(url: url, size: 1, logger: log.logger)) { pool in
            try await postgresError { try await pool.withConnection { _ in } }
        }
        #expect(error.code == .connection && error.isTransient && error.isConnectionLost)
        #expect(log.lines == ["PostgreSQL is away"])
        for words in [error.description, error.debugDescription] {
            #expect(!words.contains("secret-word"), "no secret is told")
        }
        return error
    }

    @Test func theRightAuthorityConnectsAndOthersAreNamed() async throws {
        let authority = try await TestAuthority.make()
        let other = try await TestAuthority.make()
        let identity = try await authority.issue(to: "localhost")
        try await OwnPostgres.with(Self.options(identity, authority)) { server in
            try await server.run("create role tls login password 'secret-word'")
            try await TestAuthority.withFile(authority.certificate) { right in
                #expect(try await answer(url(server, "sslrootcert=\(right)")).hasPrefix("TLSv1."))
                // The address is not in the certificate.
                let host = try await refused(url(server, "sslrootcert=\(right)", host: "127.0.0.1"))
                #expect(host.message == "the server's certificate is another host's")
            }
            try await TestAuthority.withFile(other.certificate) { wrong in
                let error = try await refused(url(server, "sslrootcert=\(wrong)"))
                #expect(error.message == "the server's certificate is not trusted: another authority's, or expired")
            }
            let missing = try await refused(url(server, "sslrootcert=/nonexistent"))
            #expect(missing.message == "the file of certificate authorities cannot be read (sslrootcert)")
        }
    }

    @Test func anExpiredCertificateIsRefusedAndARenewedOneIsFound() async throws {
        let authority = try await TestAuthority.make()
        let expired = try await authority.issue(to: "localhost", isExpired: true)
        try await OwnPostgres.with(Self.options(expired, authority)) { server in
            try await server.run("create role tls login password 'secret-word'")
            try await TestAuthority.withFile(authority.certificate) { file in
                let error = try await refused(url(server, "sslrootcert=\(file)"))
                #expect(error.message.contains("expired"))
                let renewed = try await authority.issue(to: "localhost")
                try server.configure(Self.options(renewed, authority))
                server.reload()
                try await eventually("the renewed certificate is shown") {
                    (try? await answer(url(server, "sslrootcert=\(file)"))) != nil
                }
            }
        }
    }

    @Test func whoeverNeedsAClientCertificateShowsIt() async throws {
        let authority = try await TestAuthority.make()
        let identity = try await authority.issue(to: "localhost")
        let client = try await authority.issue(to: "tls")
        try await OwnPostgres.with(Self.options(identity, authority, access: "cert")) { server in
            try await server.run("create role tls login password 'secret-word'")
            try await TestAuthority.withFile(authority.certificate) { trusted in
                let none = try await refused(url(server, "sslrootcert=\(trusted)&sslcert=/nonexistent"))
                #expect(none.message == "the server refuses the user or the password" || none.sqlState != nil)
                try await TestAuthority.withFile(client.certificate) { certificate in
                    try await TestAuthority.withFile(client.key) { key in
                        let own = "sslrootcert=\(trusted)&sslcert=\(certificate)&sslkey=\(key)"
                        let answer = try await answer(url(server, own))
                        #expect(answer.hasSuffix("/CN=tls"))
                    }
                }
            }
        }
    }
}
