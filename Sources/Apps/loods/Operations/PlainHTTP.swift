import ServiceRuntime

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One GET over HTTP/1.1 without TLS, for health checks; blocks for seconds at most.
struct PlainHTTP {
    private static let timeout = 3
    private static let limit = 65_536

    private let host: String
    private let port: String
    private let path: String

    /// Reads `http://host[:port][/path]`. Returns nil for anything else.
    init?(_ url: String) {
        guard url.hasPrefix("http://") else { return nil }
        let rest = url.dropFirst(7)
        let authority = rest.prefix { $0 != "/" }
        path = rest.count == authority.count ? "/" : String(rest.dropFirst(authority.count))
        let colon = authority.hasSuffix("]") ? nil : authority.lastIndex(of: ":")
        let name = colon.map { authority[..<$0] } ?? authority
        port = colon.map { String(authority[authority.index(after: $0)...]) } ?? "80"
        host = name.hasPrefix("[") ? String(name.dropFirst().dropLast()) : String(name)
        let isSound = (host + path).utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        guard !host.isEmpty, isSound, let number = UInt16(port), number > 0 else { return nil }
    }

    /// - Throws: `ExitFault` with code 1 where nothing answers.
    func get() throws -> (status: Int, body: String) {
        let socket = try connected()
        defer { close(socket) }
        let request = "GET \(path) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\nUser-Agent: loods-probe\r\n\r\n"
        let bytes = Array(request.utf8)
        guard send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { throw away }
        let answer = try readAll(socket)
        let head = answer.prefix { $0 != "\r\n" }.split(separator: " ")
        guard head.count >= 2, head[0].hasPrefix("HTTP/1."), let status = Int(head[1]) else {
            throw ExitFault(code: .failures, message: "\(host):\(port) does not speak HTTP")
        }
        let body = answer.firstRange(of: "\r\n\r\n").map { String(answer[$0.upperBound...]) } ?? ""
        return (status, body.hasSuffix("\n") ? String(body.dropLast()) : body)
    }

    private var away: ExitFault {
        ExitFault(code: .failures, message: "nothing answers at \(host):\(port)")
    }

    private func connected() throws -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, port, &hints, &list) == 0 else { throw away }
        defer { freeaddrinfo(list) }
        var next = list
        while let address = next?.pointee {
            let socket = socket(address.ai_family, address.ai_socktype, address.ai_protocol)
            if socket >= 0 {
                // Connecting is bounded by the time-out for sending.
                var patience = timeval(tv_sec: Self.timeout, tv_usec: 0)
                let size = socklen_t(MemoryLayout<timeval>.size)
                setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
                setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
                if connect(socket, address.ai_addr, address.ai_addrlen) == 0 { return socket }
                close(socket)
            }
            next = address.ai_next
        }
        throw away
    }

    private func readAll(_ socket: Int32) throws -> String {
        var answer: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while answer.count < Self.limit {
            let count = recv(socket, &piece, piece.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw away }
            if count == 0 { break }
            answer += piece[..<count]
        }
        return String(decoding: answer, as: UTF8.self)
    }
}
