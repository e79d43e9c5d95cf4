import AMQP
import TestSupport
import Testing

/// TLS to the broker, its certificate verified, and ours where it asks.
@Suite("TLS", .timeLimit(.minutes(10)))
struct AMQPTLSTests {
    private func with(
        _ identity: TestAuthority.Identity, _ authority: TestAuthority, settings: [String] = [],
        _ body: (OwnBroker, _ port: UInt16) async throws -> Void
    ) async throws {
        let port = FreePort.take()
        let options = OwnBroker.Options(
            settings: [
                "listeners.ssl.1 = 127.0.0.1:\(port)", "ssl_options.cacertfile = authority.pem",
                "ssl_options.certfile = server.pem", "ssl_options.keyfile = server.key",
            ] + settings,
            files: [
                "authority.pem": authority.certificate, "server.pem": identity.certificate,
                "server.key": identity.key,
            ])
        try await OwnBroker.with(options) { try await body($0, port) }
    }

    private func connect(
        _ port: UInt16, trusting file: String, client: AMQPClientCertificate? = nil, scheme: String = "amqps"
    ) async throws {
        var configuration = try AMQPConfiguration(url: "\(scheme)://guest:guest@localhost:\(port)/")
        configuration.authorityFile = file
        configuration.clientCertificate = client
        let connection = try await AMQPConnection.connect(configuration)
        try await connection.declareQueue("q", arguments: ["x-queue-type": "quorum"])
        try await connection.publish(AMQPMessage([UInt8](repeating: 7, count: 300_000), routingKey: "q"))
        let (consumer, deliveries) = try await connection.deliveries(queue: "q", prefetch: 1)
        let taken = try await deliveries.first(1)
        #expect(taken.first?.body.count == 300_000)
        await consumer.ack(taken[0].tag)
        await connection.close()
    }

    private func refused(
        _ port: UInt16, trusting file: String, client: AMQPClientCertificate? = nil, scheme: String = "amqps"
    ) async throws -> AMQPError {
        let error = await #expect(throws: AMQPError.self) {
            try await connect(port, trusting: file, client: client, scheme: scheme)
        }
        return try #require(error)
    }

    @Test func theRightAuthorityConnectsAndOthersAreNamed() async throws {
        let authority = try await TestAuthority.make()
        let other = try await TestAuthority.make()
        try await with(authority.issue(to: "localhost"), authority) { _, port in
            try await TestAuthority.withFile(authority.certificate) { right in
                try await connect(port, trusting: right)
                // Without TLS on a port that asks for it.
                #expect(try await refused(port, trusting: right, scheme: "amqp").isTransient)
            }
            try await TestAuthority.withFile(other.certificate) { wrong in
                let error = try await refused(port, trusting: wrong)
                #expect(error.code == .tlsFailed && !error.isTransient)
                #expect(error.message.hasPrefix("the broker's certificate is not trusted: "))
                #expect(error.message.contains("issuer") || error.message.contains("self-signed"), "\(error)")
            }
            let missing = try await refused(port, trusting: "/nonexistent")
            #expect(missing.message == "the file of certificate authorities cannot be read")
        }
    }

    @Test(arguments: [false, true]) func anotherHostsOrAnExpiredCertificateIsRefused(isExpired: Bool) async throws {
        let authority = try await TestAuthority.make()
        let identity = try await authority.issue(to: isExpired ? "localhost" : "mq.example", isExpired: isExpired)
        try await with(identity, authority) { _, port in
            try await TestAuthority.withFile(authority.certificate) { file in
                let error = try await refused(port, trusting: file)
                #expect(error.code == .tlsFailed && !error.isTransient)
                #expect(error.message.contains(isExpired ? "certificate has expired" : "hostname"), "\(error)")
            }
        }
    }

    @Test func aBrokerThatAsksForOurCertificateGetsIt() async throws {
        let authority = try await TestAuthority.make()
        let other = try await TestAuthority.make()
        let asks = ["ssl_options.verify = verify_peer", "ssl_options.fail_if_no_peer_cert = true"]
        try await with(authority.issue(to: "localhost"), authority, settings: asks) { _, port in
            try await TestAuthority.withFile(authority.certificate) { trusted in
                let none = try await refused(port, trusting: trusted)
                #expect(none.code == .tlsFailed || none.code == .unreachable, "\(none)")
                for (issuer, isRight) in [(authority, true), (other, false)] {
                    let identity = try await issuer.issue(to: "loods")
                    try await TestAuthority.withFile(identity.certificate) { certificate in
                        try await TestAuthority.withFile(identity.key) { key in
                            let own = AMQPClientCertificate(certificateFile: certificate, keyFile: key)
                            if isRight {
                                try await connect(port, trusting: trusted, client: own)
                            } else {
                                _ = try await refused(port, trusting: trusted, client: own)
                            }
                        }
                    }
                }
                let unreadable = AMQPClientCertificate(certificateFile: "/nonexistent", keyFile: "/nonexistent")
                let error = try await refused(port, trusting: trusted, client: unreadable)
                #expect(error.code == .tlsFailed && error.message.contains("our own certificate"))
            }
        }
    }
}
