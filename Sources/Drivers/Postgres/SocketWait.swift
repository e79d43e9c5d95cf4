import Glibc

/// Waits for a socket with poll(2), with a limit in time.
enum SocketWait {
    /// Returns once the socket is ready, or broken, which using it tells; false when it is not by the deadline.
    static func wait(
        for socket: Int32, _ events: Int32, until deadline: ContinuousClock.Instant?
    ) -> Bool {
        var descriptor = pollfd(fd: socket, events: Int16(events), revents: 0)
        while true {
            let left = deadline.map { ($0 - .now).wholeMilliseconds }
            if let left, left <= 0 { return false }
            let ready = poll(&descriptor, 1, Int32(clamping: left ?? -1))
            // Interrupted by a signal or out of time: the loop tells which.
            if ready > 0 || (ready < 0 && errno != EINTR) { return true }
        }
    }
}
