import Foundation
import Laboratory
import TestSupport
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A cluster as a platform team runs it: an owner who migrates, a login for each service, every secret in a file.
@Suite struct LoginTests {
    /// A folder of secrets, each in a file that only its owner may read.
    private struct Secrets {
        let folder: URL
        var values: [String: String] = [:]

        init() throws {
            folder = FileManager.default.temporaryDirectory.appendingPathComponent(
                TestEnvironment.uniqueName("loods-secrets-"))
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent("logins"), withIntermediateDirectories: true)
        }

        /// Keeps a secret, and answers where.
        ///
        /// - Parameter marks: characters around it that URLs and SQL treat as their own.
        mutating func keep(_ value: String, in marks: String = "", as name: String, mode: Int = 0o600) throws -> String
        {
            let file = folder.appendingPathComponent(name)
            try Data((marks + value + marks + "\n").utf8).write(to: file)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
            values[name] = value
            return file.path
        }
    }

    private static let roles = ["ingest", "scoring", "scheduler", "mailer", "operator", "tool", "reader"]

    @Test(.timeLimit(.minutes(10)))
    func everyServiceWorksUnderItsOwnLoginAndTellsNoSecret() async throws {
        try await OwnPostgres.with { server in
            try await OwnBroker.with { broker in
                try await TestMailServer.with { mail in
                    var secrets = try Secrets()
                    defer { try? FileManager.default.removeItem(at: secrets.folder) }
                    try await Self.play(server, broker, mail, &secrets)
                }
            }
        }
    }

    private static func play(
        _ server: OwnPostgres, _ broker: OwnBroker, _ mail: TestMailServer, _ secrets: inout Secrets
    ) async throws {
        var common = ["LOODS_LOG_LEVEL": "debug"]
        func login(_ role: String, _ file: String) -> [String: String] {
            common.merging([
                "LOODS_DATABASE_URL": "postgres://\(role)@127.0.0.1:\(server.port)/postgres",
                "LOODS_DATABASE_PASSWORD_FILE": file,
                "LOODS_AMQP_URL": "amqp://\(role)@127.0.0.1:\(broker.port)/", "LOODS_AMQP_PASSWORD_FILE": file,
            ]) { $1 }
        }
        var outputs: [String: String] = [:]
        func loods(
            _ arguments: [String], as role: String, exits code: Int32 = 0, with settings: [String: String] = [:]
        ) async throws -> String {
            let file = secrets.folder.appendingPathComponent(role == "postgres" ? "owner" : "logins/\(role)").path
            let process = try ServiceProcess(
                "loods", arguments: arguments,
                environment: login(role == "postgres" ? role : "loods_\(role)", file).merging(settings) { $1 })
            #expect(try await process.waitForExit() == .status(code), "\(process.output)")
            outputs["loods \(arguments[0]) \(role)", default: ""] += process.output
            return process.output
        }

        // The owner migrates, and gives each role its password; the broker takes users with the same.
        _ = try secrets.keep(server.password, as: "owner")
        for role in roles {
            // One of them lies open.
            let mode = role == "ingest" ? 0o644 : 0o600
            _ = try secrets.keep(UUID().uuidString, in: "&/@:%' é", as: "logins/\(role)", mode: mode)
        }
        let withoutBroker = ["LOODS_AMQP_URL": "", "LOODS_AMQP_PASSWORD_FILE": ""]
        let logins = secrets.folder.appendingPathComponent("logins").path
        let migrated = try await loods(["migrate", "--logins", logins], as: "postgres", with: withoutBroker)
        #expect(migrated.contains("logins loods_ingest, loods_mailer, loods_operator"))
        #expect(migrated.contains("logins/ingest holds a secret but has mode 644"))
        let definitions = broker.folder.appending(path: "definitions.json")
        let users = try await loods(["broker-users", "--logins", logins], as: "postgres")
        try Data(try #require(users.split(separator: "\n").last).utf8).write(to: definitions)
        try await broker.control("import_definitions", definitions.path)
        // Queues are an operator's to make, the schema is not.
        let operators = login("loods_operator", logins + "/operator").filter { $0.key.hasPrefix("LOODS_AMQP") }
        _ = try await loods(["migrate"], as: "postgres", with: operators)
        #expect(try await loods(["migrate"], as: "operator", exits: 64).contains("has no right"))
        // Denied as it should be.
        outputs["loods migrate operator"] = nil

        // Who may act for the cell makes a workspace; who may act within one does all the rest.
        let folder = secrets.folder.appendingPathComponent("shop")
        for (path, text) in Shop.files {
            let file = folder.appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        let apply = ["apply", "--yes", folder.path, "--workspace", "shop"]
        let refused = try await loods(apply, as: "tool", exits: 64)
        #expect(refused.contains("may not act as loods_operator"))
        _ = try await loods(apply, as: "operator")
        _ = try await loods(apply, as: "tool")
        let key = try await loods(["keys", "create", "--kind", "server", "--workspace", "shop"], as: "tool")
            .trimmingCharacters(in: .whitespacesAndNewlines)
        // The one thing that is to be told, once.
        outputs["loods keys tool"] = nil
        secrets.values["key"] = key

        // The services.
        let port = FreePort.take()
        common["LOODS_LISTEN"] = "127.0.0.1:\(port)"
        common["LOODS_PUBLIC_URL"] = "http://127.0.0.1:\(port)"
        common["LOODS_SMTP"] = mail.url
        common["LOODS_HELO"] = "localhost"
        let link = Data(UUID().uuidString.utf8).base64EncodedString()
        common["LOODS_LINK_SECRET_FILE"] = try secrets.keep("k1:\(link)", as: "link")
        secrets.values["link"] = link
        var services: [ServiceProcess] = []
        for service in ["ingest", "scoring", "scheduler", "mailer"] {
            let file = secrets.folder.appendingPathComponent("logins/\(service)").path
            services.append(try ServiceProcess(service, environment: login("loods_\(service)", file)))
        }
        for service in services { try await service.waitUntilReady() }
        for service in services where service.name != "ingest" {
            try await eventually("\(service.name) may read what it shows of the store") {
                let page = try await metrics(of: service)
                return page.contains("loods_outbox_bodies") && !page.contains(" NaN")
            }
        }
        try await post(Shop.customer(1, consents: ["offers"]), to: port, key: key)
        try await eventually("the mails are there") { try mail.mails().count >= 2 }
        let offer = try #require(try mail.mails().first { $0.text.contains("List-Unsubscribe: ") })
        let header = try #require(
            offer.text.replacing("\r\n ", with: "").firstMatch(of: /List-Unsubscribe: <([^>]+)>/))
        try await unsubscribe(String(header.1))

        // Looking: within the workspace, at all of the cell, and not further than a login may.
        let name = ["--workspace", "shop"]
        #expect(try await loods(["contacts", "count"] + name, as: "tool").contains("1 contact"))
        _ = try await loods(["explain", "customer-1@example.com"] + name, as: "tool")
        _ = try await loods(["set-aside", "list"] + name, as: "tool")
        _ = try await loods(["set-aside", "list"], as: "operator")
        let cell = login("loods_operator", logins + "/operator")
        try await eventually("all services have said of themselves that they work") {
            try await ServiceProcess("loods", arguments: ["status"], environment: cell)
                .waitForExit() == .status(0)
        }
        #expect(try await loods(["status"], as: "tool", exits: 64).contains("may not act as loods_operator"))
        #expect(try await loods(["keys", "list"] + name, as: "reader", exits: 64).contains("loods_tool"))

        for service in services {
            #expect(try await service.terminate() == .status(0), "\(service.output)")
            outputs[service.name] = service.output
        }
        #expect(outputs["ingest"]?.contains("keeps no secret") == true)
        #expect(outputs["scoring"]?.contains("keeps no secret") == false)
        for (name, output) in outputs {
            #expect(!output.contains("permission denied"), "\(name): \(output)")
            for (secret, value) in secrets.values {
                #expect(!output.contains(value), "\(name) tells the secret \(secret)")
            }
        }
    }

    private static func metrics(of service: ServiceProcess) async throws -> String {
        let url = try #require(URL(string: "http://\(try await service.address(of: .operations))/metrics"))
        return String(decoding: try await URLSession.shared.data(from: url).0, as: UTF8.self)
    }

    private static func post(_ events: [[String: Any]], to port: UInt16, key: String) async throws {
        var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(port)/v1/batch")))
        request.httpMethod = "POST"
        request.httpBody = try JSONSerialization.data(withJSONObject: ["batch": events])
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        let credentials = Data("\(key):".utf8).base64EncodedString()
        request.setValue("Basic \(credentials)", forHTTPHeaderField: "Authorization")
        let (_, answer) = try await URLSession.shared.data(for: request)
        #expect((answer as? HTTPURLResponse)?.statusCode == 200)
    }

    private static func unsubscribe(_ link: String) async throws {
        var request = URLRequest(url: try #require(URL(string: link)))
        request.httpMethod = "POST"
        request.httpBody = Data("List-Unsubscribe=One-Click".utf8)
        request.setValue("application/x-www-form-urlencoded", forHTTPHeaderField: "Content-Type")
        let (_, answer) = try await URLSession.shared.data(for: request)
        #expect((answer as? HTTPURLResponse)?.statusCode == 200)
    }
}
