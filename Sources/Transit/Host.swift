#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where this process runs, so that what it leaves behind can be traced to it.
public enum Host {
    /// As it calls itself.
    public static let name: String = {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "unknown" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }()

    /// The process's id, and a mark of its own: in a container every process has the same id.
    static let process = "\(getpid())-\(String(UInt16.random(in: 0x1000...UInt16.max), radix: 16))"
}
