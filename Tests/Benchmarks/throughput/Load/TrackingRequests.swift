import Foundation

/// Requests of the tracking API, whole as they go over the wire.
struct TrackingRequests: Sendable {
    let writeKey: String

    /// POST /v1/batch of `size` events each.
    func batches(of stream: EventStream, size: Int = 100) -> [[UInt8]] {
        stride(from: 0, to: stream.count, by: size).map { start in
            let items = (start..<min(start + size, stream.count)).map(stream.json).joined(separator: ",")
            return request("/v1/batch", #"{"batch":[\#(items)]}"#)
        }
    }

    /// POST /v1/track of one event each.
    func singles(of stream: EventStream) -> [[UInt8]] {
        (0..<stream.count).map { request("/v1/track", stream.json($0)) }
    }

    private func request(_ path: String, _ body: String) -> [UInt8] {
        Array(
            """
            POST \(path) HTTP/1.1\r
            Host: 127.0.0.1\r
            Authorization: Basic \(Data("\(writeKey):".utf8).base64EncodedString())\r
            Content-Type: application/json\r
            Content-Length: \(body.utf8.count)\r
            \r
            \(body)
            """.utf8)
    }
}
