/// A GET on this machine, for the counters of a service.
enum HTTPGet {
    /// The body.
    static func text(_ address: Address, _ path: String) async throws -> String {
        try await onThread {
            let socket = try Socket.connect(address)
            defer { socket.close() }
            var request = Array("GET \(path) HTTP/1.1\r\nHost: \(address.host)\r\nConnection: close\r\n\r\n".utf8)[...]
            while !request.isEmpty { request = request.dropFirst(try socket.send(request) ?? 0) }
            var answer: [UInt8] = []
            while try socket.receive(into: &answer) != 0 {}
            return String(decoding: answer, as: UTF8.self)
        }
    }

    /// The sum of a counter over several services' `/metrics`, in Prometheus's text format.
    static func counter(_ name: String, of services: [Address]) async throws -> Int {
        var sum = 0.0
        for service in services {
            for line in try await text(service, "/metrics").split(whereSeparator: \.isNewline)
            where line.hasPrefix(name) {
                let rest = line.dropFirst(name.count)
                guard rest.first == " " || rest.first == "{", let value = rest.split(separator: " ").last else {
                    continue
                }
                sum += Double(value) ?? 0
            }
        }
        return Int(sum)
    }
}
