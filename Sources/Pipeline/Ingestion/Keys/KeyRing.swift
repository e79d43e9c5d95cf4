import Crypto
public import Store
import Synchronization

/// The write keys that this process has met, with what the store says of them.
///
/// Known keys are looked up again after a minute, but hold on while the store is away; that a key is unknown is kept
/// for five seconds. A key never met cannot be judged while the store is away.
public final class KeyRing: Sendable {
    private struct Entry {
        var key: WriteKey?
        var freshUntil: ContinuousClock.Instant
    }

    private enum Known {
        case fresh(WriteKey?)
        case stale(WriteKey)
        case none
    }

    private static let knownFor = Duration.seconds(60)
    private static let unknownFor = Duration.seconds(5)
    /// More entries than this are forgotten, so that guessing keys fills no memory.
    private static let capacity = 10_000

    private let lookup: @Sendable ([UInt8]) async throws -> WriteKey?
    private let now: @Sendable () -> ContinuousClock.Instant
    private let entries = Mutex<[[UInt8]: Entry]>([:])

    /// - Parameters:
    ///   - now: machine time; tests pass their own.
    ///   - lookup: what the store says of a key's SHA-256; throws while it is away.
    public init(
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        lookup: @escaping @Sendable (_ hash: [UInt8]) async throws -> WriteKey?
    ) {
        self.lookup = lookup
        self.now = now
    }

    /// What is known of the key `text` without asking the store; nil where that is nothing, or too old.
    func remembered(_ text: String) -> WriteKey? {
        let hash = Array(SHA256.hash(data: Array(text.utf8)))
        return entries.withLock { entries in
            guard let entry = entries[hash], now() < entry.freshUntil else { return nil }
            return entry.key
        }
    }

    /// What the key `text` may do; nil for a key that is unknown or revoked.
    ///
    /// - Throws: `EdgeError.unavailable` where the store is away and the key was never met.
    func find(_ text: String) async throws(EdgeError) -> WriteKey? {
        let hash = Array(SHA256.hash(data: Array(text.utf8)))
        let known = known(hash)
        if case .fresh(let key) = known { return key }
        do {
            let key = try await lookup(hash)
            note(key, under: hash)
            return key
        } catch {
            guard case .stale(let key) = known else {
                throw EdgeError(.unavailable, "the write key cannot be checked at the moment; try again")
            }
            return key
        }
    }

    /// A stale key counts as fresh for a moment for all others, so that one request asks the store.
    private func known(_ hash: [UInt8]) -> Known {
        entries.withLock { entries in
            guard let entry = entries[hash] else { return .none }
            if now() < entry.freshUntil { return .fresh(entry.key) }
            guard let key = entry.key else { return .none }
            entries[hash]!.freshUntil = now() + Self.unknownFor
            return .stale(key)
        }
    }

    private func note(_ key: WriteKey?, under hash: [UInt8]) {
        entries.withLock { entries in
            if entries.count >= Self.capacity { entries = entries.filter { $0.value.key != nil } }
            if entries.count >= Self.capacity { entries.removeAll() }
            entries[hash] = Entry(key: key, freshUntil: now() + (key == nil ? Self.unknownFor : Self.knownFor))
        }
    }
}
