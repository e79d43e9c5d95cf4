import Crypto

/// Signs the links of mails and reads them back.
///
/// A token is `version.key.payload.signature`: HMAC-SHA256 cut to 128 bits over all before it, under a key that HKDF
/// (RFC 5869) derives from the secret for the link's purpose. The first secret signs; every one verifies, so that a
/// secret is replaced by putting the new one in front and dropping the old one when its mails no longer count.
public struct LinkSigner: Sendable {
    private static let version = "1"
    private static let signatureBytes = 16

    private let signing: String
    private let keys: [String: [LinkPurpose: SymmetricKey]]

    /// - Throws: `LinkError.secrets`.
    public init(secrets: [LinkSecret]) throws(LinkError) {
        guard LinkSecret.areUsable(secrets) else { throw .secrets }
        signing = secrets[0].id
        keys = Dictionary(uniqueKeysWithValues: secrets.map { ($0.id, Self.derive(from: $0)) })
    }

    /// The token of `link`, made of characters that need no escaping in a URL's path.
    ///
    /// - Throws: `LinkError.destination` where a click does not lead to an allowed URL.
    public func sign(_ link: Link) throws(LinkError) -> String {
        switch link {
        case .click(_, let destination), .countedClick(_, _, let destination):
            guard Destination.isAllowed(destination) else { throw .destination }
        case .liveImage(_, let content), .liveLink(_, let content), .countedLive(_, _, let content):
            guard Destination.isAllowed(content.fallback) else { throw .destination }
        default: break
        }
        let signed = "\(Self.version).\(signing).\(Base64URL.encode(link.payload))"
        return "\(signed).\(Base64URL.encode(signature(of: signed, with: keys[signing]![link.purpose]!)))"
    }

    /// What a token says, provided that it was signed for `purpose`.
    public func verify(_ token: some StringProtocol, _ purpose: LinkPurpose) throws(LinkError) -> Link {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard token.utf8.count <= 4096, parts.count == 4, parts[0] == Self.version,
            let payload = Base64URL.decode(parts[2]), let claimed = Base64URL.decode(parts[3])
        else { throw .malformed }
        guard let key = keys[String(parts[1])]?[purpose] else { throw .unknownKey }
        let signed = "\(parts[0]).\(parts[1]).\(parts[2])"
        guard Self.areEqual(claimed, signature(of: signed, with: key)) else { throw .forged }
        return try Link(payload: payload, purpose: purpose)
    }

    private func signature(of text: String, with key: SymmetricKey) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key).prefix(Self.signatureBytes))
    }

    /// Takes the same time wherever the two differ.
    private static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && zip(left, right).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func derive(from secret: LinkSecret) -> [LinkPurpose: SymmetricKey] {
        Dictionary(
            uniqueKeysWithValues: LinkPurpose.allCases.map { purpose in
                let key = HKDF<SHA256>.deriveKey(
                    inputKeyMaterial: SymmetricKey(data: secret.bytes),
                    info: Array("loods.link.\(purpose.rawValue)".utf8), outputByteCount: 32)
                return (purpose, key)
            })
    }
}
