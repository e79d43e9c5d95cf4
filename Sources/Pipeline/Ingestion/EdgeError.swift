/// Why a whole request is refused; the code and the message stand in the answer, and neither holds what the sender
/// sent.
public struct EdgeError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        case malformed
        case invalid
        case unauthorized
        case notFound = "not_found"
        case methodNotAllowed = "method_not_allowed"
        case timeout
        case tooLarge = "too_large"
        case headersTooLarge = "headers_too_large"
        case unsupportedEncoding = "unsupported_encoding"
        /// More came than the key or the address may bring: the same request may be sent again later.
        case rateLimited = "rate_limited"
        /// The workspace's events for this day or month have come already.
        case quotaExceeded = "quota_exceeded"
        /// Something behind the edge is away or full: the same request may be sent again.
        case unavailable
        /// A fault of Loods' own, which stands in its log.
        case `internal`
    }

    public var code: Code
    public var message: String
    /// The member of the body that is at fault.
    public var field: String?
    /// Seconds after which to try again, where that is known.
    public var retryAfter: Int?
    /// The methods that the path has, where another came.
    var allowed: String?

    public init(_ code: Code, _ message: String, field: String? = nil, retryAfter: Int? = nil) {
        self.code = code
        self.message = message
        self.field = field
        self.retryAfter = retryAfter
    }

    public var description: String { "\(code.rawValue): \(message)" }

    /// The status of RFC 9110, section 15, and for limits of RFC 6585, section 4.
    var status: Int {
        switch code {
        case .malformed, .invalid: 400
        case .unauthorized: 401
        case .notFound: 404
        case .methodNotAllowed: 405
        case .timeout: 408
        case .tooLarge: 413
        case .unsupportedEncoding: 415
        case .rateLimited, .quotaExceeded: 429
        case .headersTooLarge: 431
        case .internal: 500
        case .unavailable: 503
        }
    }
}
