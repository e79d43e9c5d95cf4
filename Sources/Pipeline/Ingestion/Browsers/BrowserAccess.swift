import HTTPTypes
import Hummingbird
import NIOCore

/// Pages of which sites may call the event API from scripts (CORS, the Fetch standard).
///
/// All by default: what is asked for is a public key, which stands in pages anyway, and no cookie is ever looked at.
public struct AllowedOrigins: Sendable, Hashable {
    /// Nil: all.
    private let origins: Set<String>?

    public static let all = AllowedOrigins(origins: nil)

    private init(origins: Set<String>?) { self.origins = origins }

    /// Reads `*`, or origins as `https://shop.example`, parted by commas or white space; nil where one is none.
    public init?(_ text: String) {
        let entries = text.split { $0 == "," || $0.isWhitespace }.map { $0.lowercased() }
        guard !entries.isEmpty else { return nil }
        if entries == ["*"] {
            self.init(origins: nil)
            return
        }
        for entry in entries {
            let parts = entry.split(separator: "://", omittingEmptySubsequences: false)
            guard parts.count == 2, ["http", "https"].contains(parts[0]), !parts[1].isEmpty,
                !parts[1].contains(where: { "/*?#@".contains($0) })
            else { return nil }
        }
        self.init(origins: Set(entries))
    }

    /// What `Access-Control-Allow-Origin` says to a page of `origin`; nil where it may not call.
    func answer(to origin: String) -> String? {
        guard let origins else { return "*" }
        return origins.contains(origin.lowercased()) ? origin : nil
    }

    /// Whether the answer differs from origin to origin.
    var varies: Bool { origins != nil }
}

/// Answers preflights, and lets scripts of allowed pages read what the event API says.
struct BrowserAccess: RouterMiddleware {
    typealias Context = EdgeContext

    let origins: AllowedOrigins

    func handle(
        _ request: Request, context: EdgeContext, next: (Request, EdgeContext) async throws -> Response
    ) async throws -> Response {
        let path = request.uri.path
        guard path.hasPrefix("/v1/") || path.hasPrefix("/f/"), let origin = request.headers[.origin] else {
            return try await next(request, context)
        }
        let answer = origins.answer(to: origin)
        if request.method == .options, request.headers[.accessControlRequestMethod] != nil {
            return preflight(answer)
        }
        var response = try await next(request, context)
        add(answer, to: &response.headers)
        return response
    }

    private func preflight(_ answer: String?) -> Response {
        var headers: HTTPFields = [:]
        add(answer, to: &headers)
        if answer != nil {
            headers[.accessControlAllowMethods] = "POST"
            headers[.accessControlAllowHeaders] = "Authorization, Content-Type, Content-Encoding"
            headers[.accessControlMaxAge] = "86400"
        }
        return Response(status: .noContent, headers: headers)
    }

    private func add(_ answer: String?, to headers: inout HTTPFields) {
        if origins.varies { headers[.vary] = "Origin" }
        guard let answer else { return }
        headers[.accessControlAllowOrigin] = answer
        headers[.accessControlExposeHeaders] = "Retry-After"
    }
}
