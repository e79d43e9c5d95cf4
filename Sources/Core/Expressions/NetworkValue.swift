import Networks

/// An IP address, or a block of them: CIDR.
public final class NetworkValue: Sendable, Equatable {
    let address: NetworkAddress
    /// The bits that a block has in common; nil for an address.
    let prefix: Int?

    init(_ address: NetworkAddress, prefix: Int? = nil) {
        self.address = address
        self.prefix = prefix
    }

    public static func == (left: NetworkValue, right: NetworkValue) -> Bool {
        left.address == right.address && left.prefix == right.prefix
    }

    var typeName: String { prefix == nil ? "net.IP" : "net.CIDR" }

    var text: String { address.description + (prefix.map { "/\($0)" } ?? "") }

    private var block: Network? { prefix.flatMap { Network(address, bits: $0) } }

    /// The block with all bits behind the prefix zero.
    var masked: NetworkValue { block.map { NetworkValue($0.masked.base, prefix: prefix) } ?? self }

    func contains(_ other: NetworkValue) -> Bool {
        guard let block else { return false }
        return other.block.map { block.contains($0) } ?? block.contains(other.address)
    }

    /// An address, without a zone and not an IPv4 address in the form of an IPv6 one.
    static func address(_ text: String) -> NetworkValue? {
        isPlain(text) ? NetworkAddress(text).map { NetworkValue($0) } : nil
    }

    /// `192.168.0.0/24`
    static func block(_ text: String) -> NetworkValue? {
        guard text.contains("/"), isPlain(text), let network = Network(text) else { return nil }
        return NetworkValue(network.base, prefix: network.bits)
    }

    private static func isPlain(_ text: String) -> Bool { !(text.contains(":") && text.contains(".")) }
}
