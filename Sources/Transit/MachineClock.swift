public import Model

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The host's clock, for leases, retries and ages; never for what a journey or a condition sees.
public struct MachineClock: Sendable {
    private let read: @Sendable () -> Timestamp

    /// A clock that answers what `read` does; tests pass their own.
    public init(_ read: @escaping @Sendable () -> Timestamp) { self.read = read }

    /// The host's wall clock.
    public static let host = MachineClock {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    public var now: Timestamp { read() }
}
