import Crypto

/// Verifies what others sign as Standard Webhooks 1.0.0 says it (standardwebhooks.com): HMAC-SHA256 over the message's id, the
/// time of sending and the body.
public struct WebhookVerifier: Sendable {
    /// How far the time of sending may be from now, in seconds: what is older may be somebody's recording.
    public static let tolerance: Int64 = 300

    private let keys: [SymmetricKey]

    /// Takes secrets as `whsec_` and base64; any of them verifies, so that one can take another's place. Nil where one is none,
    /// or has fewer than 16 bytes.
    public init?(secrets: [String]) {
        let prefix = "whsec_"
        var keys: [SymmetricKey] = []
        for secret in secrets {
            guard secret.hasPrefix(prefix), let bytes = LinkSecret.decode(secret.dropFirst(prefix.count)),
                bytes.count >= 16
            else { return nil }
            keys.append(SymmetricKey(data: bytes))
        }
        guard !keys.isEmpty else { return nil }
        self.keys = keys
    }

    /// Whether somebody who has a secret sent the body, lately.
    ///
    /// - Parameters:
    ///   - headers: `webhook-id`, `webhook-timestamp` and `webhook-signature`.
    ///   - seconds: now, since 1970.
    public func verifies(
        _ body: some Collection<UInt8>, id: String, timestamp: String, signatures: String, at seconds: Int64
    ) -> Bool {
        guard let sent = Int64(timestamp),
            abs(sent.subtractingReportingOverflow(seconds).partialValue) <= Self.tolerance
        else { return false }
        let signed = Array("\(id).\(timestamp).".utf8) + body
        let codes = signatures.split(separator: " ").prefix(16).compactMap { signature -> [UInt8]? in
            signature.hasPrefix("v1,") ? LinkSecret.decode(signature.dropFirst(3)) : nil
        }
        return keys.contains { key in
            codes.contains { HMAC<SHA256>.isValidAuthenticationCode($0, authenticating: signed, using: key) }
        }
    }
}
