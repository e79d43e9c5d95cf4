import CSigning
import Crypto
import Mail
import ServiceRuntime

/// Keys that nobody has had before, in PEM.
enum FreshPEM {
    static func rsa(bits: Int) throws -> String {
        guard let key = loods_rsa_make(Int32(bits)) else {
            throw ExitFault(code: .ourFault, message: "libcrypto makes no key of \(bits) bits")
        }
        defer { loods_rsa_free(key) }
        return String(unsafeUninitializedCapacity: 8192) { buffer in
            buffer.withMemoryRebound(to: CChar.self) { loods_rsa_private(key, $0.baseAddress, $0.count) }
        }
    }

    static func ed25519() -> String { DKIMKey.pem(ed25519: Array(Curve25519.Signing.PrivateKey().rawRepresentation)) }
}
