import Crypto
import Store
import Synchronization
import Testing

@testable import Ingestion

private final class Keyring: Sendable {
    struct Away: Error {}

    private struct State {
        var keys: [[UInt8]: WriteKey] = [:]
        var isAway = false
        var lookups = 0
        var now = ContinuousClock.now
    }

    private let state = Mutex(State())
    var lookups: Int { state.withLock { $0.lookups } }

    func set(_ text: String, _ key: WriteKey?) {
        state.withLock { $0.keys[Array(SHA256.hash(data: Array(text.utf8)))] = key }
    }

    func setAway(_ isAway: Bool) { state.withLock { $0.isAway = isAway } }
    func pass(_ duration: Duration) { state.withLock { $0.now += duration } }

    var ring: KeyRing {
        KeyRing(now: { self.state.withLock { $0.now } }) { hash in
            try self.state.withLock { state in
                state.lookups += 1
                if state.isAway { throw Away() }
                return state.keys[hash]
            }
        }
    }
}

@Suite struct KeyRingTests {
    private let store = Keyring()

    @Test func aKnownKeyIsLookedUpOnceAMinute() async throws {
        store.set("k", serverKey)
        let ring = store.ring
        for _ in 0..<5 { #expect(try await ring.find("k") == serverKey) }
        #expect(store.lookups == 1)
        store.pass(.seconds(61))
        store.set("k", nil)
        #expect(try await ring.find("k") == nil)
        #expect(store.lookups == 2)
    }

    @Test func anUnknownKeyIsLookedUpAgainAfterFiveSeconds() async throws {
        let ring = store.ring
        #expect(try await ring.find("k") == nil)
        store.set("k", serverKey)
        #expect(try await ring.find("k") == nil)
        store.pass(.seconds(6))
        #expect(try await ring.find("k") == serverKey)
    }

    @Test func aKnownKeyHoldsWhileTheStoreIsAway() async throws {
        store.set("k", serverKey)
        let ring = store.ring
        _ = try await ring.find("k")
        store.setAway(true)
        store.pass(.seconds(3600))
        for _ in 0..<3 { #expect(try await ring.find("k") == serverKey) }
        // Only one of them asked.
        #expect(store.lookups == 2)
    }

    @Test func aKeyNeverMetCannotBeJudgedWhileTheStoreIsAway() async throws {
        let ring = store.ring
        #expect(try await ring.find("k") == nil)
        store.setAway(true)
        store.pass(.seconds(6))
        await #expect { try await ring.find("k") } throws: { ($0 as? EdgeError)?.code == .unavailable }
        await #expect { try await ring.find("x") } throws: { ($0 as? EdgeError)?.code == .unavailable }
    }
}
