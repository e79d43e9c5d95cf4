import Glibc

/// Keeps the ends of threads and the end of the process apart.
///
/// C libraries leave things to the end of a thread (pthread_key_create(3)) that run after its function has returned.
/// They must be done, or never begin, once exit(3) has taken the libraries down: Kerberos, which libpq asks for credentials,
/// aborts the process otherwise. So every thread that ends is joined: by the next one that does, the last by exit(3).
enum ThreadEnds {
    private struct State {
        /// The thread that ended last; nobody joins it yet.
        var last: pthread_t?
        var isExiting = false
    }

    private static let state = Locked(State())

    /// To be read before the first thread is started: what is registered first runs last, and the libraries came earlier.
    static let areWatched: Void = {
        atexit { ThreadEnds.processExits() }
    }()

    /// Called by a thread that is not detached, as the last it does. Does not return if the process exits.
    static func threadEnds() {
        let (previous, isExiting) = state.withLock { state in
            let previous = state.last
            if !state.isExiting { state.last = pthread_self() }
            return (previous, state.isExiting)
        }
        while isExiting { pause() }
        if let previous { pthread_join(previous, nil) }
    }

    private static func processExits() {
        let last = state.withLock { state in
            state.isExiting = true
            return state.last
        }
        // It has joined the one before it, and so on.
        if let last { pthread_join(last, nil) }
    }
}
