import Logging

/// Opens a connection: tries one server after the other, and each of its addresses, every one within `connectTimeout`.
///
/// libpq does so by itself in `PQconnectdb` ("Specifying Multiple Hosts"), which blocks for at least two seconds at a
/// silent address and keeps the SQLSTATE of a refusal to itself; its non-blocking form leaves the time, and what comes
/// after it, to us.
struct Opening {
    let configuration: PostgresConfiguration
    /// When the caller gives up; nil is never.
    let limit: ContinuousClock.Instant?
    let logger: Logger

    /// - Throws: ``PostgresError`` with code `timeout` if it was the caller's limit that ended it, else `connection`.
    func run() throws(PostgresError) -> Wire {
        var failures: [PostgresError] = []
        for parameters in configuration.rounds {
            for endpoint in configuration.endpoints {
                if let wire = try open(endpoint, parameters, &failures) { return wire }
            }
        }
        throw Self.conclusion(of: failures)
    }

    /// Nil where another server may do better.
    private func open(
        _ endpoint: Endpoint, _ parameters: [String: String], _ failures: inout [PostgresError]
    ) throws(PostgresError) -> Wire? {
        for address in try addresses(of: endpoint, &failures) {
            do throws(PostgresError) {
                let parameters = endpoint.parameters(address: address, addedTo: parameters)
                return try Wire.open(parameters, of: configuration, until: limit, logger: logger)
            } catch {
                failures.append(error)
                // Out of time; or a wrong password, which is not tried out on other servers.
                if error.code == .timeout || error.concernsInstallation { throw Self.conclusion(of: failures) }
            }
        }
        return nil
    }

    /// Nil is an address that libpq finds itself.
    private func addresses(
        of endpoint: Endpoint, _ failures: inout [PostgresError]
    ) throws(PostgresError) -> [String?] {
        guard let name = endpoint.name else { return [nil] }
        switch HostLookup.addresses(of: name, until: limit) {
        case .found(let addresses):
            return addresses
        case .failed(let words):
            failures.append(unresolved(.connection, "the server's name cannot be resolved", words))
            return []
        case .outOfTime:
            throw unresolved(.timeout, "the server's name was not resolved in time", nil)
        }
    }

    private func unresolved(_ code: PostgresError.Code, _ message: String, _ words: String?) -> PostgresError {
        var error = PostgresError(code, message)
        error.detail = words
        error.server = configuration.server
        error.isConnectionLost = true
        return error
    }

    /// The one that says most, with everybody's words.
    private static func conclusion(of failures: [PostgresError]) -> PostgresError {
        let last = failures.last ?? PostgresError(.connection, "no server is configured")
        var error = last.code == .timeout ? last : failures.last { $0.refusal != nil } ?? last
        let details = failures.compactMap(\.detail)
        error.detail = details.isEmpty ? nil : details.joined(separator: "; ")
        return error
    }
}
