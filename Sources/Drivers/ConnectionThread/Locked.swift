import Glibc

/// A value behind a lock, for short sections that never wait.
///
/// In place of the standard library's `Mutex`: that one waits on a futex inside the library, where the thread sanitizer
/// does not see it, and so every contended use is reported as a race. Delete this when it does.
///
/// `@unchecked Sendable`: the value is reached only between `pthread_mutex_lock`, after which "the mutex is locked with
/// the calling thread as its owner" (POSIX), and `pthread_mutex_unlock`.
package final class Locked<Value: Sendable>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var value: Value

    package init(_ value: Value) {
        self.value = value
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Runs `body` with the value; must not be entered again from within.
    package func withLock<R, Failure: Error>(_ body: (inout Value) throws(Failure) -> R) throws(Failure) -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value)
    }
}
