import Glibc
import Messaging

/// A server that takes connections and never says a word.
final class SilentServer: Sendable {
    private let socket: Int32
    let port: UInt16

    var url: String { "amqp://guest:guest@127.0.0.1:\(port)/" }

    init() throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let socket = socket
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard bind(socket, address, length) == 0, listen(socket, 8) == 0 else { return Int32(-1) }
                return getsockname(socket, address, &length)
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        guard status == 0 else { throw MessagingError(.away, "no socket to listen on") }
    }

    deinit { close(socket) }
}
