import TestSupport
import Testing

/// Every secret may stand in a file: the settings that hold one are read from each service's own account of them.
@Suite struct SecretsTests {
    private static let secrets = [
        "ingest": ["LOODS_AMQP_PASSWORD", "LOODS_AMQP_URL", "LOODS_DATABASE_PASSWORD", "LOODS_DATABASE_URL"]
            + ["LOODS_LINK_SECRET", "LOODS_PROVIDER_SECRETS"],
        "scoring": ["LOODS_AMQP_PASSWORD", "LOODS_AMQP_URL", "LOODS_DATABASE_PASSWORD", "LOODS_DATABASE_URL"]
            + ["LOODS_ERASURE_SECRET"],
        "scheduler": ["LOODS_AMQP_PASSWORD", "LOODS_AMQP_URL", "LOODS_DATABASE_PASSWORD", "LOODS_DATABASE_URL"],
        "mailer": ["LOODS_AMQP_PASSWORD", "LOODS_AMQP_URL", "LOODS_DATABASE_PASSWORD", "LOODS_DATABASE_URL"]
            + ["LOODS_ERASURE_SECRET", "LOODS_LINK_SECRET", "LOODS_PUBLIC_URL", "LOODS_SMTP", "LOODS_SMTP_PASSWORD"],
    ]

    @Test(arguments: ["ingest", "scoring", "scheduler", "mailer"])
    func everySecretIsReadFromItsFile(_ service: String) async throws {
        let help = try ServiceProcess(service, arguments: ["--help"])
        #expect(try await help.waitForExit() == .status(0))
        let names = help.output.matches(of: /(?m)^  (LOODS_\w+)   .*secret/).map { String($0.1) }
        #expect(names.sorted() == Self.secrets[service], "a new secret: is it kept out of every log and error?")

        let environment = Dictionary(uniqueKeysWithValues: names.map { ("\($0)_FILE", "/nowhere/\($0)") })
        let process = try ServiceProcess(service, environment: environment)
        #expect(try await process.waitForExit() == .status(64))
        for name in names {
            #expect(process.output.contains("the file /nowhere/\(name) that \(name)_FILE names cannot be read"))
        }
    }

    /// What is wrong is said without the value that is.
    @Test func aFaultNamesTheSettingAndNotTheSecret() async throws {
        let process = try ServiceProcess(
            "mailer",
            environment: [
                "LOODS_DATABASE_URL": "postgres://loods:geheim@db/loods", "LOODS_DATABASE_PASSWORD": "geheim",
                "LOODS_AMQP_URL": "amqp//loods:geheim@mq", "LOODS_SMTP": "smtp://relay",
                "LOODS_SMTP_PASSWORD": "geheim",
                "LOODS_LINK_SECRET": "geheim", "LOODS_PUBLIC_URL": "http://localhost",
            ])
        #expect(try await process.waitForExit() == .status(64))
        #expect(process.output.contains("LOODS_DATABASE_PASSWORD   given twice"))
        #expect(process.output.contains("LOODS_SMTP names no user"))
        #expect(!process.output.contains("geheim"), "\(process.output)")
    }

    /// Servers that are away, and a server that is another's, are logged without what was sent to them.
    @Test func whoCannotConnectTellsNoSecret() async throws {
        let port = FreePort.take()
        let process = try ServiceProcess(
            "mailer",
            environment: [
                "LOODS_DATABASE_URL": "postgres://loods:geheim@127.0.0.1:\(port)/loods", "LOODS_LOG_LEVEL": "trace",
                "LOODS_AMQP_URL": "amqp://loods:geheim@127.0.0.1:\(port)/",
                "LOODS_SMTP": "smtp://loods:geheim@127.0.0.1:\(port)", "LOODS_PUBLIC_URL": "http://localhost",
                "LOODS_LINK_SECRET": "k1:Z2VoZWltZ2VoZWltZ2VoZWltZ2VoZWltZ2VoZWlt", "LOODS_HELO": "localhost",
            ])
        try await eventually("it has met both servers' absence") {
            process.output.contains("PostgreSQL") && process.output.contains("RabbitMQ is away")
        }
        try await process.terminate()
        #expect(!process.output.contains("geheim") && !process.output.contains("Z2VoZWlt"), "\(process.output)")
    }
}
