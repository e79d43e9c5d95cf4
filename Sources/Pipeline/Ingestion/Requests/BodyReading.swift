import HTTPTypes
import Hummingbird
import NIOCore

extension Request {
    /// The whole body, inflated where it says that it is gzip.
    ///
    /// - Throws: `EdgeError`: 408 where it comes too slowly, 413, 415, or 400 for unsound gzip.
    func plainBody(within limits: EdgeLimits) async throws -> PaddedText {
        let encoding = try contentEncoding()
        let parts = try await parts(within: limits)
        switch encoding {
        case .identity: return PaddedText(parts: parts)
        case .gzip:
            return PaddedText(
                try Gunzip.inflate(PaddedText(parts: parts).text, limit: limits.body, ratio: limits.inflation))
        }
    }

    private enum ContentEncoding { case identity, gzip }

    private func contentEncoding() throws(EdgeError) -> ContentEncoding {
        switch headers[.contentEncoding]?.lowercased() {
        case nil, "", "identity": return .identity
        case "gzip", "x-gzip": return .gzip
        default: throw EdgeError(.unsupportedEncoding, "a body may be plain or gzip, once")
        }
    }

    private func parts(within limits: EdgeLimits) async throws -> [ByteBuffer] {
        var tooLarge: EdgeError { EdgeError(.tooLarge, "the body is larger than \(limits.body) bytes") }
        // A length beyond all numbers is too large as well.
        if let length = headers[.contentLength], Int(length).map({ $0 > limits.body }) ?? true { throw tooLarge }
        var parts: [ByteBuffer] = []
        var size = 0
        // How long it may take to come is `RequestDeadline`'s to say.
        for try await part in body {
            size += part.readableBytes
            guard size <= limits.body else { throw tooLarge }
            parts.append(part)
        }
        return parts
    }
}
