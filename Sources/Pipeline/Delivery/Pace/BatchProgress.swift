import Store
import Synchronization

/// How far the mails of one batch are, and how many of them may be under way at once.
final class BatchProgress: Sendable {
    private struct State {
        /// By site, mails that are not settled.
        var left: [String: Int] = [:]
        /// By limit, the same.
        var held: [SendQuotas.Key: Int] = [:]
    }

    /// In one order, so that nobody who has one waits for somebody who waits for it.
    private let slots: [SendQuotas.Key: Slots]
    private let state: Mutex<State>

    init(_ batch: ClaimDesk.Batch) {
        slots = batch.sessions.mapValues { Slots(Int($0)) }
        var state = State(held: batch.sessions.mapValues { _ in 0 })
        for message in batch.messages {
            state.left[message.site ?? "", default: 0] += 1
            for key in message.grant?.sessions ?? [] { state.held[key, default: 0] += 1 }
        }
        self.state = Mutex(state)
    }

    /// Delivers a mail once as few of the others are under way as limits say.
    func admit(_ message: ClaimDesk.Cleared, _ deliver: () async -> Void) async {
        let keys = message.grant?.sessions ?? []
        for key in keys { await slots[key]?.enter() }
        await deliver()
        for key in keys.reversed() { await slots[key]?.leave() }
        state.withLock { state in
            state.left[message.site ?? "", default: 1] -= 1
            for key in keys { state.held[key, default: 1] -= 1 }
        }
    }

    /// The limits of which this batch has nothing under way any more, each once.
    func takeDone() -> Set<SendQuotas.Key> {
        state.withLock { state in
            let done = Set(state.held.filter { $0.value == 0 }.keys)
            for key in done { state.held[key] = nil }
            return done
        }
    }

    /// Whether all that is not settled goes to these sites.
    func isLeft(to sites: Set<String>) -> Bool {
        state.withLock { state in
            let left = state.left.filter { $0.value > 0 }.keys
            return !left.isEmpty && left.allSatisfy(sites.contains)
        }
    }
}
