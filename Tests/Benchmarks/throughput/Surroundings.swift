import Foundation

/// A TCP address on this machine.
struct Address: Sendable, Hashable {
    var host: String
    var port: Int
}

/// What is running and where, as `deploy/dev bench` tells by the environment.
struct Surroundings: Sendable {
    var ingest: Address
    var writeKey: String
    var databaseURL: String
    /// An empty database on the same server.
    var floorDatabaseURL: String
    var brokerURL: String
    var mailServer: Address
    var mailDirectory: String
    /// Where Postfix's sink counts, when it stands in the catcher's place.
    var sinkLog: String
    /// Postfix with OpenDKIM, which hands on to that sink, where it could be had.
    var relay: Address?
    /// The interpreter and the program of the peer in Python.
    var peer: [String]
    /// Connections that a mailer opens to the mail server.
    var mailSessions: Int
    /// `/metrics` of each scoring process.
    var scoringMetrics: [Address]
    /// Whose time is counted, by the name that is printed.
    var processes: [ProcessGroup]
    /// Postfix's load generator, where it could be had.
    var smtpSource: String?
    /// Versions of what runs, for the first lines.
    var versions: String
    /// The folder of definitions that is applied, and the executable `loods`.
    var definitions: String
    var tool: String
    /// How many people are made, where the size is asked for.
    var crowd: Int?
    /// How long the whole run may take.
    var budget: Duration

    init(_ environment: [String: String]) throws(UsageFault) {
        let reader = EnvironmentReader(values: environment)
        ingest = try reader.address("LOODS_INGEST_URL")
        writeKey = try reader.text("LOODS_WRITE_KEY")
        databaseURL = try reader.text("LOODS_DATABASE_URL")
        floorDatabaseURL = try reader.text("LOODS_BENCH_FLOOR_DATABASE_URL")
        brokerURL = try reader.text("LOODS_AMQP_URL")
        mailServer = try reader.address("LOODS_SMTP")
        mailDirectory = try reader.text("LOODS_MAIL_DIR")
        sinkLog = environment["LOODS_BENCH_SINK_LOG"] ?? ""
        relay = try environment["LOODS_BENCH_RELAY"] == nil ? nil : reader.address("LOODS_BENCH_RELAY")
        peer = environment["LOODS_BENCH_PEER"]?.split(separator: " ").map(String.init) ?? []
        mailSessions = Int(environment["LOODS_SMTP_CONNECTIONS"] ?? "") ?? 16
        scoringMetrics = try reader.words("LOODS_BENCH_SCORING_PORTS").compactMap { Int($0) }
            .map { Address(host: "127.0.0.1", port: $0) }
        processes = ProcessGroup.parse(try reader.words("LOODS_BENCH_PROCESSES"))
        smtpSource = environment["LOODS_BENCH_SMTP_SOURCE"].flatMap { $0.isEmpty ? nil : $0 }
        versions = environment["LOODS_BENCH_VERSIONS"] ?? ""
        definitions = environment["LOODS_BENCH_DEFINITIONS"] ?? ""
        tool = environment["LOODS_BENCH_TOOL"] ?? ""
        crowd = environment["LOODS_BENCH_CROWD"].flatMap { Int($0) }
        budget = .seconds(Int(environment["LOODS_BENCH_SECONDS"] ?? "") ?? 400)
    }
}

private struct EnvironmentReader {
    let values: [String: String]

    func text(_ name: String) throws(UsageFault) -> String {
        guard let value = values[name], !value.isEmpty else {
            throw UsageFault(sentence: "\(name) is missing: deploy/dev bench sets it")
        }
        return value
    }

    func words(_ name: String) throws(UsageFault) -> [String] {
        try text(name).split(separator: " ").map(String.init)
    }

    func address(_ name: String) throws(UsageFault) -> Address {
        guard let url = URLComponents(string: try text(name)), let host = url.host, let port = url.port else {
            throw UsageFault(sentence: "\(name) names no host and port")
        }
        return Address(host: host, port: port)
    }
}
