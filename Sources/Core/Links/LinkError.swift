/// Why a link cannot be signed or a token is not one of ours. Says nothing of secrets or tokens.
public enum LinkError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The text has not the form of a token of this version.
    case malformed
    /// No active secret has the token's key id.
    case unknownKey
    /// The signature does not fit: forged, damaged, or made for another purpose.
    case forged
    /// The destination of a click is not a plain `http` or `https` URL.
    case destination
    /// No secret, two of one key id, a key id that does not fit, or a secret under 128 bits.
    case secrets

    public var description: String {
        switch self {
        case .malformed: "the token is malformed"
        case .unknownKey: "the token's key is not active"
        case .forged: "the token's signature does not fit"
        case .destination: "the destination is not an http or https URL"
        case .secrets: "link secrets need distinct key ids (letters, digits, _ and -) and 16 bytes or more each"
        }
    }
}
