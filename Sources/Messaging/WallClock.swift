#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The host's clock, for the age of bodies: when one was published stands in its header.
enum WallClock {
    /// The header: milliseconds since 1970, by the publisher's clock.
    static let header = "x-published-at"

    static var milliseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
