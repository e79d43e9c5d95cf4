import Crypto

/// A private key that signs mails: RSA (RFC 8301) or Ed25519 (RFC 8463). Nothing shows it.
public struct DKIMKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// As records name it, `k=`.
    public enum Kind: String, Sendable, Hashable {
        case rsa
        case ed25519
    }

    private enum Material: Sendable {
        case rsa(RSAKey)
        case ed25519(Curve25519.Signing.PrivateKey)
    }

    /// What verifiers must take (RFC 8301, section 3.2); 2048 is what signers should use.
    private static let rsaBits = 1024...4096
    /// PKCS#8 of an Ed25519 key up to its 32 bytes (RFC 8410, section 7), without and with the public key behind them.
    private static let prefixes: [[UInt8]] = [
        [
            0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
        ],
        [
            0x30, 0x51, 0x02, 0x01, 0x01, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
        ],
    ]

    private let material: Material

    /// Reads a private key in PEM, not encrypted. Throws `unusableKey`, which says why.
    public init(pem: String) throws(MailError) {
        if let rsa = RSAKey(pem: pem) {
            guard Self.rsaBits.contains(rsa.bits) else {
                throw MailError(.unusableKey, "an RSA key of \(rsa.bits) bits: verifiers take 1024 to 4096, use 2048")
            }
            material = .rsa(rsa)
        } else if let seed = Self.seed(of: pem), let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) {
            material = .ed25519(key)
        } else {
            throw MailError(.unusableKey, "no private RSA or Ed25519 key in PEM without a password")
        }
    }

    /// An Ed25519 key by its 32 bytes in PEM.
    public static func pem(ed25519 seed: [UInt8]) -> String {
        let text = String(decoding: Base64.encode(prefixes[0] + seed), as: UTF8.self)
        return "-----BEGIN PRIVATE KEY-----\n\(text)\n-----END PRIVATE KEY-----\n"
    }

    private static func seed(of pem: String) -> ArraySlice<UInt8>? {
        guard let start = pem.firstRange(of: "-----BEGIN PRIVATE KEY-----"),
            let end = pem[start.upperBound...].firstRange(of: "-----END PRIVATE KEY-----"),
            let bytes = Base64.decode(pem[start.upperBound..<end.lowerBound].utf8), bytes.count >= 48,
            prefixes.contains(Array(bytes.prefix(16)))
        else { return nil }
        return bytes[16..<48]
    }

    public var kind: Kind { if case .rsa = material { .rsa } else { .ed25519 } }

    /// The public key, as `p=` carries it before base64.
    public var publicKey: [UInt8] {
        switch material {
        case .rsa(let key): key.publicKey
        case .ed25519(let key): Array(key.publicKey.rawRepresentation)
        }
    }

    /// The signature of a SHA-256 digest of 32 bytes. Throws `unusableKey` where the library fails.
    public func signature(of digest: [UInt8]) throws(MailError) -> [UInt8] {
        switch material {
        case .rsa(let key):
            let signature = key.signature(of: digest)
            guard !signature.isEmpty else { throw MailError(.unusableKey, "the RSA key signs nothing") }
            return signature
        case .ed25519(let key):
            guard let signature = try? key.signature(for: digest) else {
                throw MailError(.unusableKey, "the Ed25519 key signs nothing")
            }
            return Array(signature)
        }
    }

    public var description: String { "a private key (\(kind.rawValue))" }
    public var debugDescription: String { description }
}
