import Glibc
import Synchronization

/// Ports of this machine for servers that a test stops and starts again.
///
/// They lie below those that the system gives to outgoing connections: among these, a client that tries a port on which
/// nobody listens any more may get the very port as its own, and connect to itself.
public enum FreePort {
    private static let given = Mutex<Set<UInt16>>([])

    /// A port on which nobody listens, given to nobody else in this process.
    public static func take() -> UInt16 {
        while true {
            let port = UInt16.random(in: 12_000..<32_000)
            guard given.withLock({ $0.insert(port).inserted }) else { continue }
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
