import CSigning
import Crypto
import Mail

enum FreshKey {
    static func rsa() -> String {
        guard let key = loods_rsa_make(2048) else { fatalError("libcrypto makes no key") }
        defer { loods_rsa_free(key) }
        return String(unsafeUninitializedCapacity: 8192) { buffer in
            buffer.withMemoryRebound(to: CChar.self) { loods_rsa_private(key, $0.baseAddress, $0.count) }
        }
    }

    static func ed25519() -> String { DKIMKey.pem(ed25519: Array(Curve25519.Signing.PrivateKey().rawRepresentation)) }
}
