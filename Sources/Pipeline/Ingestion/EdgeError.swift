/// Why a whole request is refused; the code and the message stand in the answer, and neither holds what the sender
/// sent.
public struct EdgeError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        case malformed
        case invalid
        case unauthorized
        case notFound = "not_found"
        case timeout
        case tooLarge = "too_large"
        case unsupportedEncoding = "unsupported_encoding"
        /// Something behind the edge is away or full: the same request may be sent again.
        case unavailable
    }

    public var code: Code
    public var message: String
    /// The member of the body that is at fault.
    public var field: String?

    public init(_ code: Code, _ message: String, field: String? = nil) {
        self.code = code
        self.message = message
        self.field = field
    }

    public var description: String { "\(code.rawValue): \(message)" }

    /// The status of RFC 9110, section 15.
    var status: Int {
        switch code {
        case .malformed, .invalid: 400
        case .unauthorized: 401
        case .notFound: 404
        case .timeout: 408
        case .tooLarge: 413
        case .unsupportedEncoding: 415
        case .unavailable: 503
        }
    }
}
