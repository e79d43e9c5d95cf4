internal import CLibPQ

/// Where the database is and how patient to be with it.
public struct PostgresConfiguration: Sendable {
    /// libpq's keywords with their values.
    let parameters: [String: String]
    /// The servers to try, in order.
    let endpoints: [Endpoint]
    /// How long to try each address of each server; nil is for ever.
    let connectTimeout: Duration?
    /// How many connections, each with a thread.
    public let poolSize: Int
    /// The server ends a statement that takes longer (SQLSTATE 57014); zero is no limit.
    public let statementTimeout: Duration
    /// The server ends a statement that waits longer for a lock (SQLSTATE 55P03); zero is no limit.
    public let lockTimeout: Duration
    /// How many prepared statements each connection keeps, at least 1; the least recently used goes first.
    public var statementCacheLimit = 256
    /// How long a transaction may find plans of prepared statements that were made before it. The server keeps such a plan
    /// until statistics of its tables are gathered, be it one for tables that were empty then and are full now.
    public var planLifetime = Duration.seconds(5)
    /// How much longer than the statement's time-out the server may stay silent before the connection is given up.
    public var silenceAllowance = Duration.seconds(10)

    /// Reads the address and adds what is not said in it.
    ///
    /// - Parameters:
    ///   - url: a `postgres://` URL or a libpq connection string, with several hosts and `target_session_attrs` where
    ///     there are any. Keywords given here win over everything below.
    ///   - applicationName: shown in `pg_stat_activity`.
    ///   - connectTimeout: for each address of each host; hosts that come from a service file share it.
    ///   - writes: whether a server that takes no writes, such as one that recovers, is as good as none, unless the address
    ///     has a `target_session_attrs` of its own.
    /// - Throws: ``PostgresError`` with code `usage` if the address cannot be read.
    public init(
        url: String, applicationName: String, poolSize: Int = 2,
        statementTimeout: Duration = .seconds(30),
        lockTimeout: Duration = .seconds(10), connectTimeout: Duration = .seconds(3), writes: Bool = false
    ) throws(PostgresError) {
        guard poolSize > 0 else { throw PostgresError(.usage, "a pool needs at least one connection") }
        var parameters = try Self.parse(url)
        self.connectTimeout = try Self.connectTimeout(parameters["connect_timeout"]) ?? connectTimeout
        let defaults = [
            ("application_name", applicationName),
            // A dead peer is noticed within some twenty seconds, and unsent data within ten.
            ("keepalives", "1"), ("keepalives_idle", "10"), ("keepalives_interval", "5"),
            ("keepalives_count", "2"),
            ("tcp_user_timeout", "10000"), ("target_session_attrs", writes ? "read-write" : "any"),
        ]
        for (keyword, value) in defaults where parameters[keyword] == nil {
            parameters[keyword] = value
        }
        parameters["client_encoding"] = "UTF8"
        let options = [
            "-c timezone=UTC", "-c statement_timeout=\(statementTimeout.wholeMilliseconds)",
            "-c lock_timeout=\(lockTimeout.wholeMilliseconds)",
            // A process that stands still in a transaction must not hold its locks for ever. No transaction of ours waits
            // for anything but the server.
            "-c idle_in_transaction_session_timeout=10000",
            // The server's own value is for disks that seek: by it a few hundred rows of a table in memory are found by
            // reading all of the table.
            "-c random_page_cost=1.1",
            // What takes milliseconds is not worth compiling.
            "-c jit=off", parameters["options"],
        ]
        parameters["options"] = options.compactMap(\.self).joined(separator: " ")
        self.parameters = parameters
        endpoints = Endpoint.list(in: parameters)
        self.poolSize = poolSize
        self.statementTimeout = statementTimeout
        self.lockTimeout = lockTimeout
    }

    /// For errors and the log: the servers as they were given, neither user nor database.
    var server: String { endpoints.map(\.description).joined(separator: ",") }

    /// The parameters for each walk over the servers: one, or two where standbys are only preferred.
    var rounds: [[String: String]] {
        guard parameters["target_session_attrs"] == "prefer-standby" else { return [parameters] }
        return ["standby", "any"].map { parameters.merging(["target_session_attrs": $0]) { $1 } }
    }

    /// As libpq reads it: whole seconds, zero or less for no limit. The outer nil is for a text that says nothing.
    private static func connectTimeout(_ text: String?) throws(PostgresError) -> Duration?? {
        guard let text, !text.isEmpty else { return nil }
        guard let seconds = Int32(text) else {
            throw PostgresError(.usage, "the database's connect_timeout is not a number of seconds")
        }
        return .some(seconds > 0 ? .seconds(seconds) : nil)
    }

    private static func parse(_ url: String) throws(PostgresError) -> [String: String] {
        var problem: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(url, &problem) else {
            // libpq's own words may quote the password
            PQfreemem(problem)
            throw PostgresError(
                .usage, "the database's address cannot be read: neither a URL nor a connection string")
        }
        defer { PQconninfoFree(options) }
        var parameters: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val {
                parameters[String(cString: keyword)] = String(cString: value)
            }
            option += 1
        }
        return parameters
    }
}

extension Duration {
    /// Rounded up, so that a short limit does not become none.
    var wholeMilliseconds: Int64 { Int64((self / .milliseconds(1)).rounded(.up)) }
}
