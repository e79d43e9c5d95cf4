import HTTPTypes
import NIOCore
import Networks

/// The proxies before the edge whose word is taken for where a request comes from; none by default, since whoever may
/// write `X-Forwarded-For` has as many addresses as it likes.
public struct TrustedProxies: Sendable, Hashable {
    private let networks: [Network]

    public static let none = TrustedProxies(networks: [])

    private init(networks: [Network]) { self.networks = networks }

    /// Reads addresses and networks, parted by commas or white space; nil where one is none.
    public init?(_ text: String) {
        var networks: [Network] = []
        for entry in text.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
            guard let network = Network(entry) else { return nil }
            networks.append(network)
        }
        self.init(networks: networks)
    }

    /// Where a request comes from: the peer, unless it is a trusted proxy; then the last address in `X-Forwarded-For` that
    /// is none. What cannot be read there ends the search at the proxy that passed it on.
    ///
    /// - Returns: nil where the peer has no internet address.
    func client(of peer: NetworkAddress?, _ headers: HTTPFields) -> NetworkAddress? {
        guard var client = peer, isTrusted(client) else { return peer }
        let hops = headers[values: .forwardedFor].flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
        for hop in hops.reversed() {
            guard let address = NetworkAddress(hop: hop) else { break }
            client = address
            if !isTrusted(address) { break }
        }
        return client
    }

    /// An IPv4 address is in ranges of IPv6 too, as the one that it is mapped to.
    func isTrusted(_ address: NetworkAddress) -> Bool {
        networks.contains { $0.contains(address) || $0.contains(address.asSix) }
    }
}

extension HTTPField.Name {
    static let forwardedFor = HTTPField.Name("X-Forwarded-For")!
}
