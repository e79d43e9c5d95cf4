import Foundation
import Glibc
import Postgres
import ConnectionThread
import TestSupport
import Testing

/// A small TCP proxy in front of the server, on a port of its own that can be shut and opened again.
final class Door: Sendable {
    private struct State {
        var listener: Int32 = -1
        var sockets: [Int32] = []
        var swallows = false
        var withholds = false
    }

    let url: String
    private let target: UInt16
    private let port: UInt16
    private let state = Locked(State())

    init(to url: String) throws {
        let components = try #require(URLComponents(string: url))
        target = UInt16(components.port ?? 5432)
        port = FreePort.take()
        var own = components
        own.host = "127.0.0.1"
        own.port = Int(port)
        self.url = try #require(own.string)
    }

    func open(withholding withholds: Bool = false) throws {
        let listener = try #require(Self.listen(on: port))
        state.withLock {
            $0.listener = listener
            $0.swallows = false
            $0.withholds = withholds
        }
        Thread.detachNewThread { self.serve(listener) }
    }

    /// Ends all connections and refuses new ones.
    func shut() {
        state.withLock { state in
            if state.listener >= 0 {
                shutdown(state.listener, Int32(SHUT_RDWR))
                close(state.listener)
            }
            for socket in state.sockets { shutdown(socket, Int32(SHUT_RDWR)) }
            state = State()
        }
    }

    /// What the server says next ends the connection instead of reaching the client; once.
    func swallowReplies() {
        state.withLock { $0.swallows = true }
    }

    /// What the server says from now on is dropped, and the connections stay open.
    func withholdReplies() {
        state.withLock { $0.withholds = true }
    }

    private func serve(_ listener: Int32) {
        while true {
            let client = accept(listener, nil, nil)
            guard client >= 0 else { return }
            guard let server = Self.connect(to: target) else {
                close(client)
                continue
            }
            state.withLock { $0.sockets += [client, server] }
            Thread.detachNewThread { self.pump(from: client, to: server, isReply: false) }
            Thread.detachNewThread { self.pump(from: server, to: client, isReply: true) }
        }
    }

    private func pump(from source: Int32, to sink: Int32, isReply: Bool) {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(source, &bytes, bytes.count)
            if count <= 0 || (isReply && mustSwallow()) { break }
            if isReply && state.withLock({ $0.withholds }) { continue }
            guard send(sink, bytes, count, Int32(MSG_NOSIGNAL)) == count else { break }
        }
        shutdown(source, Int32(SHUT_RDWR))
        shutdown(sink, Int32(SHUT_RDWR))
    }

    private func mustSwallow() -> Bool {
        state.withLock { state in
            defer { state.swallows = false }
            return state.swallows
        }
    }

    private static func listen(on port: UInt16) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
        var address = loopback(port)
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && Glibc.listen(descriptor, 16) == 0
            }
        }
        return isListening ? descriptor : nil
    }

    private static func connect(to port: UInt16) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = loopback(port)
        let isConnected = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        return isConnected ? descriptor : nil
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}
