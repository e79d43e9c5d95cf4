import HTTPTypes
import Hummingbird

/// Says of every path which methods it has (RFC 9110, section 15.5.6), where the router would say that nothing is there.
enum OtherMethods {
    private static let all: [HTTPRequest.Method] = [
        .get, .head, .post, .put, .patch, .delete, .options, .trace, .connect, .query,
    ]

    /// To be called when all routes are there.
    static func add(to router: Router<EdgeContext>) {
        let routes = Dictionary(grouping: router.routes) { $0.path.description }
        for (path, routes) in routes {
            let methods = Set(routes.map(\.method))
            let allowed = methods.map(\.rawValue).sorted().joined(separator: ", ")
            for method in all where !methods.contains(method) {
                router.on(RouterPath(path), method: method) { _, _ -> Response in
                    var error = EdgeError(.methodNotAllowed, "this path takes \(allowed)")
                    error.allowed = allowed
                    throw error
                }
            }
        }
    }
}
