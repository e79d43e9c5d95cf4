import Contracts
import HTTPTypes
import Hummingbird
public import Logging
import Model
import Networks
import Store
import Synchronization

/// Who may bring how much to the event API.
public struct Gatekeeper: Sendable {
    let shared: SharedLimits
    private let addresses: AddressLimits
    private let proxies: TrustedProxies
    private let logger: Logger
    private let advice = Advice()

    /// - Parameters:
    ///   - addressRate: requests a second of one address over all processes; nil: as many as come.
    ///   - proxies: whose word is taken for the address of a client.
    public init(shared: SharedLimits, addressRate: Int?, proxies: TrustedProxies, logger: Logger) {
        self.init(shared: shared, addresses: AddressLimits(rate: addressRate), proxies: proxies, logger: logger)
    }

    init(shared: SharedLimits, addresses: AddressLimits, proxies: TrustedProxies, logger: Logger) {
        self.shared = shared
        self.addresses = addresses
        self.proxies = proxies
        self.logger = logger
    }

    /// One request at the gate.
    func visit(_ request: Request, from peer: NetworkAddress?) -> Visit {
        Visit(
            gate: self, client: proxies.client(of: peer, request.headers),
            isForwarded: request.headers[.forwardedFor] != nil, peer: peer)
    }

    /// Takes the address of one request into account, once.
    struct Visit {
        fileprivate let gate: Gatekeeper
        let client: NetworkAddress?
        fileprivate let isForwarded: Bool
        fileprivate let peer: NetworkAddress?
        private var isCounted = false

        fileprivate init(gate: Gatekeeper, client: NetworkAddress?, isForwarded: Bool, peer: NetworkAddress?) {
            self.gate = gate
            self.client = client
            self.isForwarded = isForwarded
            self.peer = peer
        }

        /// Counts the request as one that anybody can send.
        mutating func count() throws(EdgeError) {
            guard !isCounted else { return }
            isCounted = true
            do throws(EdgeError) {
                try gate.addresses.take(client, processes: gate.shared.processes)
            } catch {
                gate.advise(self)
                throw error
            }
        }

        /// Who sends with a key that stands in pages; a server's connection is not that of the people it speaks of.
        func client(of request: Request, _ key: WriteKey) -> RequestClient {
            guard key.trust == .publicKey else { return .unknown }
            return RequestClient(agent: request.headers[.userAgent], address: client)
        }

        /// It turned out to have no valid key.
        func punish() { gate.addresses.punish(client, processes: gate.shared.processes) }
    }

    /// Behind a proxy that is not trusted all clients have one address, and stand in each other's way.
    private func advise(_ visit: Visit) {
        guard visit.isForwarded, let peer = visit.peer, !proxies.isTrusted(peer), advice.isDue() else { return }
        logger.warning(
            "requests are refused by the address of a proxy that is not trusted: name it in LOODS_TRUSTED_PROXIES")
    }

    /// The advice is given once a minute.
    private final class Advice: Sendable {
        private let last = Mutex<ContinuousClock.Instant?>(nil)

        func isDue() -> Bool {
            last.withLock { last in
                if let last, .now - last < .seconds(60) { return false }
                last = .now
                return true
            }
        }
    }
}
