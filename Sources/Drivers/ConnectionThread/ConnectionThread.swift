/// A serial executor that owns one operating-system thread, for an actor that wraps a blocking C library.
///
/// A blocking call on Swift's shared threads stops everything else on a small machine; here it blocks only its own
/// thread. One connection, one actor, one thread:
///
/// ```swift
/// actor Connection {
///     private let thread: ConnectionThread
///     nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }
///
///     init() throws(ConnectionThread.StartFailure) { thread = try ConnectionThread(name: "amqp-publish") }
///
///     func open() {
///         …                                            // blocking calls are fine here
///         thread.watch(fileDescriptor: socket, timeout: heartbeat / 2) { [weak self] cause in
///             self?.assumeIsolated { $0.serve(cause) } // on this thread, between jobs
///         }
///     }
///     func close() {
///         thread.unwatch()                             // before the descriptor is closed
///         …
///         thread.shutdown()
///     }
/// }
/// ```
///
/// Jobs run in the order in which they were enqueued. While there are none the thread sleeps in poll(2) on its bell and
/// on the watched descriptor. The hook is level-triggered: it runs after every batch of jobs and every wake-up for as
/// long as the descriptor is readable, so it must read until the socket is empty, or unwatch. What a library has
/// already buffered is invisible to poll(2): drain the library at the end of the actor's own methods.
///
/// The thread ends after ``shutdown()``, or by itself when the executor is released. Neither waits for that end, as the
/// last reference is often dropped on the thread itself; exit(3) does, for threads that are ending.
public final class ConnectionThread: SerialExecutor {
    /// Why the hook given to ``watch(fileDescriptor:timeout:onReady:)`` is called.
    public enum ReadyCause: Sendable {
        /// The descriptor is readable, at its end, or broken: reading tells which.
        case readable
        /// The timeout has passed since the hook last ran.
        case timedOut
    }

    /// Why there is no thread: the process or the machine has no file descriptor or thread left.
    public struct StartFailure: Error {
        /// What the system says (errno(3)).
        public let number: Int32
    }

    private let loop: ThreadLoop

    /// Starts the thread.
    ///
    /// - Parameter name: shown by `top -H` and debuggers; the kernel keeps 15 bytes.
    /// - Throws: ``StartFailure``, which passes as soon as others give descriptors or threads back.
    public init(name: String) throws(StartFailure) {
        loop = try ThreadLoop(name: name)
    }

    deinit {
        loop.close()
    }

    /// Whether the caller runs on this thread.
    public var isCurrent: Bool { loop.isCurrent }

    /// Calls `onReady` on this thread whenever the descriptor is readable, and at least every `timeout`.
    ///
    /// Replaces an earlier watch. Must be called on this thread.
    ///
    /// - Parameters:
    ///   - fileDescriptor: stays the caller's; call ``unwatch()`` before closing it.
    ///   - timeout: the longest time between two calls; `nil` waits for the descriptor alone.
    ///   - onReady: runs between jobs, never during one; an actor on this executor may use `assumeIsolated` in it.
    ///     Capture the actor weakly, or it keeps itself alive.
    public func watch(
        fileDescriptor: Int32, timeout: Duration?, onReady: @escaping @Sendable (ReadyCause) -> Void
    ) {
        precondition(isCurrent, "watch must be called on the connection's own thread")
        loop.setWatch(Watch(fileDescriptor: fileDescriptor, timeout: timeout, onReady: onReady))
    }

    /// Stops watching. Must be called on this thread, or after ``shutdown()``.
    public func unwatch() {
        loop.setWatch(nil)
    }

    /// Ends the thread once the jobs already enqueued have run; returns at once, may be called from anywhere.
    ///
    /// A job that is enqueued later still runs, in order, on a thread that lives as long as there are jobs, or on one of
    /// Swift's own if the system refuses another: no task is left waiting for ever.
    public func shutdown() {
        loop.close()
    }

    /// Takes a job from the concurrency runtime.
    public func enqueue(_ job: consuming ExecutorJob) {
        loop.append(UnownedJob(job), for: self)
    }

    /// Stops the process unless the caller runs on this thread.
    public func checkIsolated() {
        precondition(isCurrent, "not on the connection's own thread")
    }

    /// Answers the concurrency runtime whether the caller runs on this thread.
    public func isIsolatingCurrentContext() -> Bool? { isCurrent }
}
