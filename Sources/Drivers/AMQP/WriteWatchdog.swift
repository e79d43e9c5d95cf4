import ConnectionThread
import Glibc

/// Shuts a socket down when its owner is stuck in a write, so that the write returns with an error.
///
/// librabbitmq 0.11 writes without a deadline: when the socket is full it waits in poll(2), for ever if the peer sends
/// heartbeats. Rejected: `SO_SNDTIMEO` does nothing, as the library's sockets are non-blocking; `TCP_USER_TIMEOUT` would
/// also end a connection that an alarm blocks with bytes under way and nobody waiting. Delete this when the library
/// takes a deadline for writes.
///
/// The owner marks each of its calls that may write; outside of these marks nothing ever happens to the socket. The
/// watchdog's descriptor is its own (dup), so that no number closed meanwhile and used again can be hit.
final class WriteWatchdog: Sendable {
    private struct State {
        var descriptor: Int32
        var deadline: ContinuousClock.Instant?
        var hasBitten = false

        mutating func look() {
            guard let deadline, deadline <= .now, descriptor >= 0 else { return }
            hasBitten = true
            self.deadline = nil
            shutdown(descriptor, Int32(SHUT_RDWR))
        }

        mutating func close() {
            guard descriptor >= 0 else { return }
            Glibc.close(descriptor)
            descriptor = -1
        }
    }

    private let state: Locked<State>
    private let round: Task<Void, Never>

    /// Starts to watch; ``stop()`` must be called in the end.
    ///
    /// - Parameters:
    ///   - socket: stays the caller's.
    ///   - period: how often it looks, and so how late it may be.
    /// - Returns: `nil` when there is no file descriptor left.
    init?(socket: Int32, period: Duration) {
        let own = fcntl(socket, F_DUPFD_CLOEXEC, 0)
        guard own >= 0 else { return nil }
        let state = Locked(State(descriptor: own))
        self.state = state
        // Nobody awaits it: it ends with stop(), within a period. Not on the owner's thread, which may be stuck.
        round = Task.detached {
            while (try? await Task.sleep(for: period)) != nil { state.withLock { $0.look() } }
        }
    }

    /// Whether it has ever shut the socket down.
    var hasBitten: Bool { state.withLock { $0.hasBitten } }

    /// Runs a call that may write; longer than `limit` it fails.
    func watching<R>(_ limit: Duration, _ call: () -> R) -> R {
        state.withLock { $0.deadline = .now + limit }
        defer { state.withLock { $0.deadline = nil } }
        return call()
    }

    /// Gives the descriptor back; harmless when repeated.
    func stop() {
        round.cancel()
        state.withLock { $0.close() }
    }
}
