import Foundation

/// Requests of the tracking API, whole as they go over the wire.
struct TrackingRequests: Sendable {
    let writeKey: String

    /// POST /v1/batch of `size` events each.
    func batches(of stream: EventStream, size: Int = 100) -> [[UInt8]] {
        stride(from: 0, to: stream.count, by: size).map { start in
            batch(of: stream, start..<min(start + size, stream.count))
        }
    }

    /// POST /v1/batch of some events.
    func batch(of stream: EventStream, _ range: Range<Int>) -> [UInt8] {
        request("/v1/batch", #"{"batch":[\#(range.map(stream.json).joined(separator: ","))]}"#)
    }

    /// POST /v1/track of one event each.
    func singles(of stream: EventStream) -> [[UInt8]] {
        (0..<stream.count).map { single(of: stream, $0) }
    }

    /// POST /v1/track of an event.
    func single(of stream: EventStream, _ index: Int) -> [UInt8] { request("/v1/track", stream.json(index)) }

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
