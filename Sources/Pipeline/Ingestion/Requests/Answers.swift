import HTTPTypes
import Hummingbird
import Model
import NIOCore

/// The answers of the event API.
enum Answers {
    private static let success = ByteBuffer(string: #"{"success":true}"#)

    static func accepted(rejected: [(index: Int, fault: ItemFault)]) -> Response {
        guard !rejected.isEmpty else { return json(.ok, success) }
        let items = rejected.map { index, fault in
            JSON.object([
                "index": .int(Int64(index)), "field": .string(fault.field), "code": .string(fault.code.rawValue),
                "message": .string(fault.message),
            ])
        }
        return json(
            .ok, ByteBuffer(bytes: JSON.object(["success": .bool(true), "rejected": .array(items)]).serialized))
    }

    static func refused(_ error: EdgeError) -> Response {
        var response = json(.init(code: error.status), body(of: error))
        switch error.code {
        case .unavailable: response.headers[.retryAfter] = "\(error.retryAfter ?? 2)"
        case .rateLimited, .quotaExceeded: response.headers[.retryAfter] = "\(error.retryAfter ?? 1)"
        case .unauthorized: response.headers[.wwwAuthenticate] = "Basic realm=\"write key\", charset=\"UTF-8\""
        case .methodNotAllowed: response.headers[.allow] = error.allowed
        case .timeout, .tooLarge: response.headers[.connection] = "close"
        default: break
        }
        return response
    }

    static func body(of error: EdgeError) -> ByteBuffer {
        var members: [String: JSON] = ["code": .string(error.code.rawValue), "message": .string(error.message)]
        if let field = error.field { members["field"] = .string(field) }
        return ByteBuffer(bytes: JSON.object(members).serialized)
    }

    static func json(_ status: HTTPResponse.Status, _ body: ByteBuffer) -> Response {
        Response(status: status, headers: jsonHeaders, body: ResponseBody(byteBuffer: body))
    }

    private static let jsonHeaders: HTTPFields = [
        .contentType: "application/json", .xContentTypeOptions: "nosniff",
    ]
}

extension HTTPField.Name {
    static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
}
