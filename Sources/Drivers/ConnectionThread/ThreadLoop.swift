import CShims
import Glibc
import Synchronization

/// What the thread of a ``ConnectionThread`` runs; outlives it by at most the job at hand.
final class ThreadLoop: Sendable {
    private struct State {
        var jobs: [UnownedJob] = []
        /// Set while jobs wait or run, so that none of them can free the executor it runs on.
        var owner: ConnectionThread?
        var watch: Watch?
        var isParked = false
        var isClosing = false
        var hasThread = false
    }

    private enum Turn {
        case run([UnownedJob], on: ConnectionThread)
        case park(Watch?)
        case end
    }

    private let name: String
    private let bell: Int32
    private let state = Locked(State())
    /// The thread's pthread id, 0 while there is none.
    private let thread = Atomic<UInt>(0)

    init(name: String) throws(ConnectionThread.StartFailure) {
        let bell = loods_eventfd()
        guard bell >= 0 else { throw ConnectionThread.StartFailure(number: errno) }
        self.name = name
        self.bell = bell
        state.withLock { $0.hasThread = true }
        try startThread()
    }

    deinit {
        Glibc.close(bell)
    }

    var isCurrent: Bool { thread.load(ordering: .relaxed) == pthread_self() }

    func append(_ job: UnownedJob, for owner: ConnectionThread) {
        let (mustRing, mustStart) = state.withLock { state in
            state.jobs.append(job)
            state.owner = owner
            let needs = (state.isParked, !state.hasThread)
            state.isParked = false
            state.hasThread = true
            return needs
        }
        if mustRing { ring() }
        if mustStart { restart() }
    }

    func setWatch(_ watch: Watch?) {
        // The old hook may hold the last reference to an actor: it is released outside the lock.
        let old = state.withLock { state in
            let old = state.watch
            state.watch = state.isClosing ? nil : watch
            return old
        }
        withExtendedLifetime(old) {}
    }

    func close() {
        let (old, mustRing) = state.withLock { state in
            let result = (state.watch, state.isParked)
            state.watch = nil
            state.isClosing = true
            state.isParked = false
            return result
        }
        withExtendedLifetime(old) {}
        if mustRing { ring() }
    }

    // MARK: The thread

    /// For jobs that came after the end.
    private func restart() {
        do {
            try startThread()
        } catch {
            // A job cannot be refused. These are few and do not block, as the connection is closed; the runtime's
            // threads exist already. Nobody awaits this task: the tasks whose jobs it runs go on by them.
            Task.detached { self.serve() }
        }
    }

    /// A thread may still be at work as the process exits: closing, or given up on.
    private static let keepsOpenSSL: Void = loods_keep_openssl_at_exit()

    private func startThread() throws(ConnectionThread.StartFailure) {
        Self.keepsOpenSSL
        ThreadEnds.areWatched
        var id = pthread_t()
        let start = Unmanaged.passRetained(self)
        let status = pthread_create(
            &id, nil,
            { argument in
                Unmanaged<ThreadLoop>.fromOpaque(argument!).takeRetainedValue().run()
                ThreadEnds.threadEnds()
                return nil
            }, start.toOpaque())
        guard status == 0 else {
            start.release()
            throw ConnectionThread.StartFailure(number: status)
        }
    }

    private func run() {
        loods_name_thread(name)
        serve()
    }

    /// Runs jobs and hooks on the thread of the caller, until the end.
    private func serve() {
        thread.store(pthread_self(), ordering: .relaxed)
        while true {
            switch nextTurn() {
            case .run(let jobs, let owner):
                for job in jobs {
                    job.runSynchronously(on: owner.asUnownedSerialExecutor())
                }
                // The jobs may have changed the watch; a busy thread must serve its socket and heartbeats too.
                if let watch = state.withLock({ $0.watch }) { wait(for: watch, parked: false) }
            case .park(let watch):
                wait(for: watch, parked: true)
            case .end:
                return
            }
        }
    }

    private func nextTurn() -> Turn {
        state.withLock { state in
            if let owner = state.owner {
                defer {
                    state.jobs = []
                    state.owner = nil
                }
                return .run(state.jobs, on: owner)
            }
            if state.isClosing {
                // Said under the lock: a job that comes after this starts a new thread.
                thread.store(0, ordering: .relaxed)
                state.hasThread = false
                return .end
            }
            state.isParked = true
            return .park(state.watch)
        }
    }

    private func wait(for watch: Watch?, parked: Bool) {
        var descriptors = [
            pollfd(fd: bell, events: Int16(POLLIN), revents: 0),
            pollfd(fd: watch?.fileDescriptor ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        let milliseconds = parked ? watch?.millisecondsLeft ?? -1 : 0
        let ready = poll(&descriptors, 2, milliseconds)
        if parked { state.withLock { $0.isParked = false } }
        if ready > 0, descriptors[0].revents != 0 { silence() }
        guard let watch else { return }
        if ready > 0, descriptors[1].revents != 0 {
            watch.call(.readable)
        } else if watch.isDue {
            watch.call(.timedOut)
        }
    }

    private func ring() {
        var one: UInt64 = 1
        _ = write(bell, &one, 8)
    }

    private func silence() {
        var count: UInt64 = 0
        _ = read(bell, &count, 8)
    }
}
