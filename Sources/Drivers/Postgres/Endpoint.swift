/// One server of those in the configuration (libpq, "Connection Strings", host, hostaddr, port).
struct Endpoint: Sendable, Equatable {
    var host: String?
    var hostaddr: String?
    var port: String?

    /// The servers of a connection string, in order. Lists that do not fit each other are left to libpq to complain of.
    static func list(in parameters: [String: String]) -> [Endpoint] {
        let hosts = split(parameters["host"])
        let addresses = split(parameters["hostaddr"])
        let ports = split(parameters["port"])
        let count = max(hosts?.count ?? 1, addresses?.count ?? 1)
        let fits = [hosts, addresses].allSatisfy { $0.map { $0.count == count } ?? true }
        guard fits, ports.map({ $0.count == count || $0.count == 1 }) ?? true else { return [Endpoint()] }
        return (0..<count).map { index in
            Endpoint(
                host: hosts?[index], hostaddr: addresses?[index],
                port: ports.map { $0.count == 1 ? $0[0] : $0[index] })
        }
    }

    /// The name that must be looked up; nil for a socket's folder and for an address.
    var name: String? {
        guard (hostaddr ?? "").isEmpty, let host, let first = host.first, first != "/", first != "@" else { return nil }
        return host
    }

    func parameters(address: String?, addedTo base: [String: String]) -> [String: String] {
        var parameters = base
        if let host { parameters["host"] = host }
        if let address = address ?? hostaddr { parameters["hostaddr"] = address }
        if let port { parameters["port"] = port }
        return parameters
    }

    private static func split(_ list: String?) -> [String]? {
        list.map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    }
}

extension Endpoint: CustomStringConvertible {
    /// For errors and the log, as configured: `db:5432`.
    var description: String {
        let host = [host, hostaddr].compactMap(\.self).first { !$0.isEmpty } ?? "default"
        return port.map { "\(host):\($0)" } ?? host
    }
}
