import CSigning

/// An RSA private key of libcrypto.
final class RSAKey: Sendable {
    /// "May be used from any thread at once" (CSigning.h).
    nonisolated(unsafe) private let key: OpaquePointer
    /// The most bytes of a signature: a modulus of 4096 bits.
    private static let signatureLimit = 512

    /// Nil where the text is no RSA key in PEM.
    init?(pem: String) {
        var pem = pem
        guard let key = pem.withUTF8({ loods_rsa_read($0.baseAddress, $0.count) }) else { return nil }
        self.key = key
    }

    deinit { loods_rsa_free(key) }

    /// The size of its modulus.
    var bits: Int { Int(loods_rsa_bits(key)) }

    /// SubjectPublicKeyInfo in DER, as DNS carries it (RFC 6376, section 3.6.1).
    var publicKey: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 2048) { $1 = loods_rsa_public(key, $0.baseAddress, $0.count) }
    }

    /// RSASSA-PKCS1-v1_5 over a SHA-256 digest of 32 bytes; empty where libcrypto fails.
    func signature(of digest: [UInt8]) -> [UInt8] {
        precondition(digest.count == 32)
        return [UInt8](unsafeUninitializedCapacity: Self.signatureLimit) {
            $1 = loods_rsa_sign(key, digest, $0.baseAddress, $0.count)
        }
    }
}
