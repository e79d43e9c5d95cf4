import Synchronization

/// Notes messages that were shown with one statement at a time, whoever reports them: visitors share the connections with
/// those who withdraw consent, who must not wait for them.
///
/// Reports that come meanwhile are written by whoever writes, together. Beyond a bound they are let go: the message lies ready
/// still, and its browser knows that it has been shown there.
final class ShownDesk: Sendable {
    private struct State {
        var waiting: [SiteMessages.Shown] = []
        var isWriting = false
    }

    /// The most reports that wait, and that are written together.
    static let capacity = 500

    private let write: @Sendable ([SiteMessages.Shown]) async throws -> Void
    private let state = Mutex(State())

    init(write: @escaping @Sendable ([SiteMessages.Shown]) async throws -> Void) { self.write = write }

    /// Returns once it is written, or left to who writes at the moment. What cannot be written is gone.
    ///
    /// - Returns: whether it found room.
    @discardableResult
    func note(_ shown: SiteMessages.Shown) async throws -> Bool {
        let (hasRoom, begins) = state.withLock { state in
            guard state.waiting.count < Self.capacity else { return (false, false) }
            state.waiting.append(shown)
            defer { state.isWriting = true }
            return (true, !state.isWriting)
        }
        guard begins else { return hasRoom }
        while let batch = next() {
            do {
                try await write(batch)
            } catch {
                state.withLock { $0 = State() }
                throw error
            }
        }
        return true
    }

    /// Nil, and nobody writes any more, where none waits.
    private func next() -> [SiteMessages.Shown]? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isWriting = false
                return nil
            }
            defer { state.waiting = [] }
            return state.waiting
        }
    }
}
