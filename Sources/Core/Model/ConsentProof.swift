import Crypto

/// What proves a line of the ledger of consents beside its wording: texts by their names, as they were stated.
///
/// Stored as it is, so that a ledger can be printed years later; nothing decides by it but ``expiresAt``.
public struct ConsentProof: Sendable, Hashable {
    public enum Member: String, Sendable, CaseIterable {
        /// Of the wording, as the workspace counts them.
        case version
        /// That the wording was shown in: a tag such as `nl`.
        case language
        /// The version of the privacy notice that was shown.
        case notice
        /// The page on which it was said.
        case url
        /// Who recorded it, where it was not the person: an employee, a system.
        case actor
        case ip
        case userAgent = "user_agent"
        /// The sale that a soft opt-in rests on.
        case saleID = "sale_id"
        /// The event id of the request that a confirmation answers.
        case requestID = "request_id"
        /// The mail whose link was followed.
        case messageID = "message_id"
        /// When it was confirmed (ISO 8601).
        case confirmedAt = "confirmed_at"
        /// When a request that nobody confirms is over (ISO 8601).
        case expiresAt = "expires_at"
        /// SHA-256 of the wording in UTF-8, in hexadecimal.
        case wordingHash = "wording_sha256"
    }

    /// Bytes of one text.
    public static let limit = 1024

    public private(set) var members: [Member: String] = [:]

    public init() {}

    /// Reads what is there; what is no text or number is passed over, and what is too long is cut.
    public init(_ properties: JSON) {
        for member in Member.allCases {
            switch properties[member.rawValue] {
            case .string(let text)? where !text.isEmpty: self[member] = text
            case .int(let number)?: self[member] = "\(number)"
            default: break
            }
        }
    }

    public subscript(_ member: Member) -> String? {
        get { members[member] }
        set { members[member] = newValue.map { $0.utf8.count <= Self.limit ? $0 : Self.cut($0) } }
    }

    public var version: Int? { self[.version].flatMap { Int($0) } }
    public var confirmedAt: Timestamp? { self[.confirmedAt].flatMap { Timestamp(iso8601: $0) } }
    public var expiresAt: Timestamp? { self[.expiresAt].flatMap { Timestamp(iso8601: $0) } }

    public var json: JSON { .object(Dictionary(members.map { ($0.key.rawValue, .string($0.value)) }) { $1 }) }

    /// The hash that ``Member/wordingHash`` holds.
    public static func hash(of wording: String) -> String {
        SHA256.hash(data: Array(wording.utf8)).map { byte in
            let digits = String(byte, radix: 16)
            return digits.utf8.count == 1 ? "0\(digits)" : digits
        }.joined()
    }

    private static func cut(_ text: String) -> String {
        var text = text[...]
        while text.utf8.count > limit { text = text.dropLast() }
        return String(text)
    }
}
