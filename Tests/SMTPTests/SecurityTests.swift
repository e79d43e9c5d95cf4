import NIOSSL
import SMTP
import Testing

@Suite(.timeLimit(.minutes(10))) struct SecureDeliveries {
    private func settings(_ capabilities: String...) throws -> ScriptedServer.Settings {
        var settings = ScriptedServer.Settings()
        settings.capabilities = ["PIPELINING", "STARTTLS"] + capabilities
        settings.tls = try TestCertificate.serverContext()
        return settings
    }

    private func delivers(_ server: ScriptedServer, _ configuration: SMTPConfiguration) async throws {
        try await withPool(configuration) { pool in
            for _ in 0..<2 {
                let outcome = try await pool.prepare(envelope, mail).commit()
                #expect(outcome.isAccepted)
            }
        }
        #expect(server.seen.messages == [stuffedMail, stuffedMail] && server.seen.connections == 1)
    }

    @Test func opportunisticTakesAnyCertificate() async throws {
        try await ScriptedServer.with(settings()) { server in
            try await delivers(server, configuration(server, .opportunistic))
            #expect(server.seen.commands.prefix(3) == ["EHLO me.test", "STARTTLS", "EHLO me.test"])
        }
    }

    @Test func requiredTakesACertificateThatChecksOut() async throws {
        try await TestCertificate.withFile { file in
            try await ScriptedServer.with(settings()) { server in
                try await delivers(server, configuration(server, .required, authorities: file))
            }
        }
    }

    @Test func requiredRefusesAStrangersCertificate() async throws {
        try await ScriptedServer.with(settings()) { server in
            try await withPool(configuration(server, .required)) { pool in
                let error = await #expect(throws: SMTPError.self) { try await pool.prepare(envelope, mail) }
                #expect(error?.code == .tlsFailed && error?.concernsConnection == true)
                #expect(!server.seen.commands.contains { $0.hasPrefix("MAIL") })
            }
        }
    }

    @Test func implicitSpeaksTLSFromTheFirstByte() async throws {
        try await TestCertificate.withFile { file in
            var settings = try settings()
            settings.isImplicit = true
            try await ScriptedServer.with(settings) { server in
                try await delivers(server, configuration(server, .implicit, authorities: file))
                #expect(!server.seen.commands.contains("STARTTLS"))
            }
        }
    }

    /// What somebody on the way puts behind the reply to STARTTLS must not count as said by the server.
    @Test func textSmuggledInBeforeTLSIsForgotten() async throws {
        var settings = try settings()
        settings.behaviour = { command, _ in
            command == "STARTTLS" ? .reply("220 go\r\n250-smuggled\r\n250 AUTH PLAIN") : nil
        }
        try await ScriptedServer.with(settings) { server in
            try await delivers(server, configuration(server, .opportunistic))
        }
        try await ScriptedServer.with(settings) { server in
            let anne = SMTPConfiguration.Credentials(username: "anne", password: "secret")
            try await withPool(configuration(server, .opportunistic, credentials: anne)) { pool in
                let error = await #expect(throws: SMTPError.self) { try await pool.prepare(envelope, mail) }
                #expect(error?.code == .authenticationUnavailable)
            }
        }
    }

    @Test(arguments: [
        ("AUTH PLAIN", ["AUTH PLAIN AGFubmUAc2VjcmV0"]), ("AUTH LOGIN", ["AUTH LOGIN", "YW5uZQ==", "c2VjcmV0"]),
    ])
    func credentialsGoUnderTLS(_ capability: String, _ expected: [String]) async throws {
        var settings = try settings(capability)
        settings.behaviour = { command, _ in
            switch command {
            case "AUTH LOGIN": .reply("334 VXNlcm5hbWU6")
            case "YW5uZQ==": .reply("334 UGFzc3dvcmQ6")
            case "c2VjcmV0": .reply("235 2.7.0 welcome")
            default: nil
            }
        }
        try await ScriptedServer.with(settings) { server in
            let anne = SMTPConfiguration.Credentials(username: "anne", password: "secret")
            try await delivers(server, configuration(server, .opportunistic, credentials: anne))
            #expect(Array(server.seen.commands.dropFirst(3).prefix(expected.count)) == expected)
        }
    }

    @Test func wrongCredentialsAreTheConnectionsFault() async throws {
        var settings = try settings("AUTH PLAIN")
        settings.behaviour = { command, _ in command.hasPrefix("AUTH") ? .reply("535 5.7.8 anne@you.test unknown") : nil
        }
        try await ScriptedServer.with(settings) { server in
            let anne = SMTPConfiguration.Credentials(username: "anne", password: "secret")
            try await withPool(configuration(server, .opportunistic, credentials: anne)) { pool in
                let error = await #expect(throws: SMTPError.self) { try await pool.prepare(envelope, mail) }
                #expect(
                    error?.phase == .authentication && error?.concernsConnection == true && error?.isTransient == false)
                #expect(error.map { "\($0)".contains("anne") || "\($0)".contains("secret") } == false)
            }
        }
    }

    @Test func credentialsStayHomeWithoutTLS() async throws {
        var settings = ScriptedServer.Settings()
        settings.capabilities = ["AUTH PLAIN LOGIN"]
        try await ScriptedServer.with(settings) { server in
            let anne = SMTPConfiguration.Credentials(username: "anne", password: "secret")
            try await withPool(configuration(server, .opportunistic, credentials: anne)) { pool in
                let error = await #expect(throws: SMTPError.self) { try await pool.prepare(envelope, mail) }
                #expect(error?.code == .tlsUnavailable)
                #expect(!server.seen.commands.contains { $0.hasPrefix("AUTH") })
            }
        }
    }
}
