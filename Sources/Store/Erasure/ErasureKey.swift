import Contracts
import Crypto
import Model

/// The secret with which names of erased people are hashed, so that they are known again and cannot be found out.
///
/// A plain hash of an address is as good as the address to whoever tries all addresses; this one (HMAC-SHA256, RFC 2104) is
/// worth nothing without the key, which is in no database.
public struct ErasureKey: Sendable {
    private let key: SymmetricKey

    /// - Parameter secret: any text of 16 bytes or more; nil for a shorter one.
    public init?(_ secret: String) {
        guard secret.utf8.count >= 16 else { return nil }
        key = SymmetricKey(data: Array(secret.utf8))
    }

    /// What tells this key from others.
    var proof: [UInt8] { hash("proof", "", "") }

    func hash(of subject: ContactKey) -> [UInt8] {
        hash("subject", String(subject.workspace.rawValue), subject.contact.description)
    }

    /// - Parameter address: spelled as it was when the hash was first taken: as addresses are compared.
    func hash(of address: String, in workspace: WorkspaceID) -> [UInt8] {
        hash("address", String(workspace.rawValue), address)
    }

    /// What is known of erased people: of subjects, and of addresses with the reason why no mail goes there.
    func record(
        of subjects: [ContactKey], addresses: [(address: String, reason: String)], in workspace: WorkspaceID,
        at instant: Timestamp
    ) -> ErasureRecord {
        ErasureRecord(
            workspace: workspace, erasedAt: instant, subjects: subjects.map { hash(of: $0) },
            addresses: addresses.map { address, reason in
                ErasureRecord.Address(hash: hash(of: address.comparedAddress, in: workspace), reason: reason)
            })
    }

    private func hash(_ purpose: String, _ workspace: String, _ value: String) -> [UInt8] {
        var code = HMAC<SHA256>(key: key)
        for part in ["loods.erasure", purpose, workspace, value] {
            withUnsafeBytes(of: UInt32(part.utf8.count).littleEndian) { code.update(data: $0) }
            code.update(data: Array(part.utf8))
        }
        return Array(code.finalize())
    }
}
