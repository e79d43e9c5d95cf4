import Glibc
import Synchronization

/// Ports of this machine for servers that a test stops and starts again.
///
/// They lie below those that the system gives to outgoing connections: among these, a client that tries a port on which
/// nobody listens any more may get the very port as its own, and connect to itself.
public enum FreePort {
    private static let ports = (first: 12_000, count: 20_000)
    private static let given = Atomic(Int.random(in: 0..<ports.count))

    /// A port on which nobody listens, given to nobody else in this process.
    public static func take() -> UInt16 {
        while true {
            // Far from each other, so that two processes seldom look at one after the other.
            let place = given.wrappingAdd(1, ordering: .relaxed).oldValue % ports.count * 7919 % ports.count
            let port = UInt16(ports.first + place)
            if isFree(port) { return port }
        }
    }

    private static func isFree(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) == 0 }
        }
    }
}
