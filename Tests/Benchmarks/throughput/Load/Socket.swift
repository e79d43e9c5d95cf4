import Glibc

/// A connected TCP socket.
struct Socket {
    let descriptor: Int32

    /// Connects; blocks.
    static func connect(_ address: Address) throws -> Socket {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemFault("socket") }
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = in_port_t(address.port).bigEndian
        inet_pton(AF_INET, address.host, &place.sin_addr)
        let status = withUnsafePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else {
            defer { Glibc.close(descriptor) }
            throw SystemFault("connect to \(address.host):\(address.port)")
        }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        return Socket(descriptor: descriptor)
    }

    func makeNonblocking() { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }

    func close() { Glibc.close(descriptor) }

    /// Sends what fits; nil where nothing does at the moment.
    func send(_ bytes: ArraySlice<UInt8>) throws -> Int? {
        let sent = bytes.withUnsafeBytes {
            Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        if sent >= 0 { return sent }
        if errno == EAGAIN || errno == EINTR { return nil }
        throw SystemFault("send")
    }

    /// Appends what is there to `buffer`; nil at the moment nothing, 0 at the end.
    func receive(into buffer: inout [UInt8]) throws -> Int? {
        try withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 16) { space in
            let count = recv(descriptor, space.baseAddress, space.count, 0)
            if count >= 0 {
                buffer.append(contentsOf: UnsafeRawBufferPointer(rebasing: space[..<count]))
                return count
            }
            if errno == EAGAIN || errno == EINTR { return nil }
            throw SystemFault("recv")
        }
    }
}
