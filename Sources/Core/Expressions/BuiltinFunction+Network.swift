import Networks

/// The extension for addresses.
extension BuiltinFunction {
    func network(_ operands: [Value]) throws(Fault) -> Value {
        switch self {
        case .ip, .cidr, .isIP, .isCIDR, .isCanonical:
            guard case .string(let text) = operands[0] else { throw mismatch(operands) }
            return try read(text)
        default: break
        }
        guard case .network(let network) = operands[0] else { throw mismatch(operands) }
        switch self {
        case .containsIP, .containsCIDR:
            let other = try self.other(operands[1])
            guard network.prefix != nil, (other.prefix != nil) == (self == .containsCIDR) else {
                throw mismatch(operands)
            }
            return .bool(network.contains(other))
        case .cidrIP, .masked, .prefixLength:
            guard let prefix = network.prefix else { throw mismatch(operands) }
            if self == .prefixLength { return .int(Int64(prefix)) }
            return .network(self == .masked ? network.masked : NetworkValue(network.address))
        default:
            guard network.prefix == nil else { throw mismatch(operands) }
            return property(of: network.address.bytes)
        }
    }

    private func read(_ text: String) throws(Fault) -> Value {
        let isBlock = self == .cidr || self == .isCIDR
        let network = isBlock ? NetworkValue.block(text) : NetworkValue.address(text)
        switch self {
        case .isIP, .isCIDR: return .bool(network != nil)
        default: break
        }
        guard let network else {
            throw Fault(
                .invalidArgument, isBlock ? "the text is not a block of addresses" : "the text is not an address")
        }
        return self == .isCanonical ? .bool(network.text == text) : .network(network)
    }

    private func other(_ value: Value) throws(Fault) -> NetworkValue {
        if case .network(let network) = value { return network }
        guard case .string(let text) = value else { throw mismatch([value]) }
        guard let network = self == .containsIP ? NetworkValue.address(text) : NetworkValue.block(text) else {
            throw Fault(.invalidArgument, "the text is not an address")
        }
        return network
    }

    private func property(of bytes: [UInt8]) -> Value {
        let isFour = bytes.count == 4
        let isLoopback = isFour ? bytes[0] == 127 : bytes == Array(repeating: 0, count: 15) + [1]
        let isUnspecified = bytes.allSatisfy { $0 == 0 }
        let isMulticast = isFour ? bytes[0] & 0xF0 == 0xE0 : bytes[0] == 0xFF
        let isLinkLocal = isFour ? bytes[0] == 169 && bytes[1] == 254 : bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80
        switch self {
        case .family: return .int(isFour ? 4 : 6)
        case .isUnspecified: return .bool(isUnspecified)
        case .isLoopback: return .bool(isLoopback)
        case .isLinkLocalMulticast:
            return .bool(isFour ? bytes.starts(with: [224, 0, 0]) : bytes[0] == 0xFF && bytes[1] & 0x0F == 2)
        case .isLinkLocalUnicast: return .bool(isLinkLocal)
        default:
            let isBroadcast = bytes == [255, 255, 255, 255]
            return .bool(!isBroadcast && !isLoopback && !isUnspecified && !isMulticast && !isLinkLocal)
        }
    }
}
