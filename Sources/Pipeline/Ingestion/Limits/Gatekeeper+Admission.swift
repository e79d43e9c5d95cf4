import Contracts
import Store

extension Gatekeeper {
    /// The key that a request names. One whose server is known need not be counted by its address.
    func key(_ text: String, among keys: KeyRing, _ visit: inout Visit) async throws(EdgeError) -> WriteKey {
        if let key = keys.remembered(text), key.trust == .server { return key }
        try visit.count()
        guard let key = try await keys.find(text) else {
            visit.punish()
            throw EdgeError(.unauthorized, "the write key is unknown or revoked")
        }
        return key
    }

    /// Lets events in with a key, all of them or none: what is not safe with the broker counts towards no limit.
    func submit(_ drafts: DraftEvents, with key: WriteKey, to groups: EventGroups) async throws {
        try shared.take(drafts.count, of: key)
        do {
            try await groups.submit(drafts)
        } catch {
            shared.giveBack(drafts.count, of: key)
            throw error
        }
    }
}
