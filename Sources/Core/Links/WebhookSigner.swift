import Crypto

/// Signs what webhooks are sent, as Standard Webhooks 1.0.0 says it (standardwebhooks.com): HMAC-SHA256 over the message's
/// id, the time of sending and the body, under a key of each webhook's own that HKDF (RFC 5869) derives from the secrets of the
/// deployment. Each secret gives a signature, so that receivers see no gap while a secret is replaced.
public struct WebhookSigner: Sendable {
    private let secrets: [LinkSecret]

    /// - Throws: `LinkError.secrets`.
    public init(secrets: [LinkSecret]) throws(LinkError) {
        guard LinkSecret.areUsable(secrets) else { throw .secrets }
        self.secrets = secrets
    }

    /// The headers `webhook-id`, `webhook-timestamp` and `webhook-signature`.
    ///
    /// - Parameter seconds: the time of sending, since 1970.
    public func headers(
        id: String, at seconds: Int64, _ body: [UInt8], of webhook: String, in workspace: String
    ) -> [(name: String, value: String)] {
        let signed = Array("\(id).\(seconds).".utf8) + body
        let signatures = secrets.map { secret in
            let key = key(of: webhook, in: workspace, from: secret)
            return "v1," + Self.base64(Array(HMAC<SHA256>.authenticationCode(for: signed, using: key)))
        }
        return [
            ("webhook-id", id), ("webhook-timestamp", "\(seconds)"),
            ("webhook-signature", signatures.joined(separator: " ")),
        ]
    }

    /// The key by which a receiver verifies, as its libraries take it: `whsec_` and base64.
    public func secret(of webhook: String, in workspace: String) -> String {
        "whsec_" + key(of: webhook, in: workspace, from: secrets[0]).withUnsafeBytes { Self.base64(Array($0)) }
    }

    private func key(of webhook: String, in workspace: String, from secret: LinkSecret) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret.bytes),
            info: Array("loods.webhook/\(workspace)/\(webhook)".utf8),
            outputByteCount: 32)
    }

    /// Standard base64 with padding (RFC 4648, section 4).
    private static func base64(_ bytes: [UInt8]) -> String {
        let text = Base64URL.encode(bytes).map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
        return String(text) + String(repeating: "=", count: (4 - text.count % 4) % 4)
    }
}
