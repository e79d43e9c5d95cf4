import Crypto
public import Model

/// Names messages in the local parts of addresses, and knows them again in what is sent there: `b+TOKEN` is where a mail
/// comes back to, `u+TOKEN` where its recipient may write to unsubscribe.
///
/// A token is 58 digits of base 32 (RFC 4648, section 6, in lower case and without padding, for servers that fold case): of the
/// message's mark, 20 bytes, and of an HMAC-SHA256 over it, cut to 128 bits, under a key that HKDF derives from the secret for
/// the purpose. So a local part has 60 bytes, of the 64 that RFC 5321 allows, and nobody makes up one. The first secret signs,
/// every one verifies.
public struct MailTokens: Sendable {
    /// What an address is for.
    public enum Purpose: String, Sendable, CaseIterable {
        case bounce = "b"
        case unsubscribe = "u"
    }

    private static let signatureBytes = 16
    private static let markBytes = 20

    private let keys: [[Purpose: SymmetricKey]]

    /// - Throws: `LinkError.secrets`.
    public init(secrets: [LinkSecret]) throws(LinkError) {
        guard LinkSecret.areUsable(secrets) else { throw .secrets }
        keys = secrets.map { secret in
            Dictionary(
                uniqueKeysWithValues: Purpose.allCases.map { purpose in
                    let key = HKDF<SHA256>.deriveKey(
                        inputKeyMaterial: SymmetricKey(data: secret.bytes),
                        info: Array("loods.mail.\(purpose.rawValue)".utf8), outputByteCount: 32)
                    return (purpose, key)
                })
        }
    }

    /// `b+TOKEN`, at most 64 bytes of letters, digits and a plus.
    public func localPart(for mark: MessageMark, _ purpose: Purpose) -> String {
        let bytes = Self.bytes(of: mark)
        return "\(purpose.rawValue)+\(Base32.encode(bytes + signature(of: bytes, with: keys[0][purpose]!)))"
    }

    /// What an address says that one of the secrets has signed; nil for any other, whatever its domain is.
    public func read(_ address: some StringProtocol) -> (purpose: Purpose, mark: MessageMark)? {
        let local = address.prefix { $0 != "@" }
        guard local.utf8.count <= 64, let plus = local.firstIndex(of: "+"),
            let purpose = Purpose(rawValue: local[..<plus].lowercased()),
            let bytes = Base32.decode(local[local.index(after: plus)...]),
            bytes.count == Self.markBytes + Self.signatureBytes
        else { return nil }
        let (mark, claimed) = (Array(bytes.prefix(Self.markBytes)), bytes.suffix(Self.signatureBytes))
        let isOurs = keys.reduce(false) { found, keys in
            Self.areEqual(claimed, signature(of: mark, with: keys[purpose]!)) || found
        }
        return isOurs ? (purpose, Self.mark(of: mark)) : nil
    }

    private func signature(of bytes: [UInt8], with key: SymmetricKey) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: bytes, using: key).prefix(Self.signatureBytes))
    }

    /// Takes the same time wherever the two differ.
    private static func areEqual(_ left: ArraySlice<UInt8>, _ right: [UInt8]) -> Bool {
        zip(left, right).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    /// Big-endian: workspace (4 bytes), contact and message (8 each).
    private static func bytes(of mark: MessageMark) -> [UInt8] {
        let workspace = UInt32(bitPattern: mark.workspace.rawValue)
        let words = [(UInt64(workspace), 4), (mark.contact, 8), (mark.message, 8)]
        return words.flatMap { word, size in
            (0..<size).reversed().map { UInt8(truncatingIfNeeded: word >> (UInt64($0) * 8)) }
        }
    }

    private static func mark(of bytes: [UInt8]) -> MessageMark {
        func word(_ range: Range<Int>) -> UInt64 { bytes[range].reduce(0) { $0 << 8 | UInt64($1) } }
        return MessageMark(
            workspace: WorkspaceID(rawValue: Int32(bitPattern: UInt32(word(0..<4)))), contact: word(4..<12),
            message: word(12..<20))
    }
}

/// Base 32 (RFC 4648, section 6) in lower case, without padding; read in either case.
enum Base32 {
    private static let digits = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        var (bits, held): (UInt32, UInt32) = (0, 0)
        for byte in bytes {
            (bits, held) = ((bits << 8 | UInt32(byte)) & 0xFFFF, held + 8)
            while held >= 5 {
                held -= 5
                text.append(digits[Int(bits >> held & 31)])
            }
        }
        if held > 0 { text.append(digits[Int(bits << (5 - held) & 31)]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil for what it did not write: other digits, bits that are left over and not zero.
    static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var bytes: [UInt8] = []
        var (bits, held): (UInt32, UInt32) = (0, 0)
        for byte in text.utf8 {
            let value: UInt32
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = UInt32(byte - UInt8(ascii: "a"))
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = UInt32(byte - UInt8(ascii: "A"))
            case UInt8(ascii: "2")...UInt8(ascii: "7"): value = UInt32(byte - UInt8(ascii: "2")) + 26
            default: return nil
            }
            (bits, held) = ((bits << 5 | value) & 0xFFFF, held + 5)
            if held >= 8 {
                held -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> held))
            }
        }
        guard held < 5, bits & ((1 << held) - 1) == 0 else { return nil }
        return bytes
    }
}
