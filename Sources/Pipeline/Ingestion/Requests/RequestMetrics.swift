import CoreMetrics
import HTTPTypes
import Hummingbird
import Logging
import Metrics
import NIOCore
import NIOHTTP1
import Synchronization

/// Turns errors into answers, counts requests by route and status, and times them.
struct RequestMetrics: RouterMiddleware {
    typealias Context = EdgeContext

    let logger: Logger
    private let instruments = RequestInstruments()

    init(logger: Logger) { self.logger = logger }

    func handle(
        _ request: Request, context: EdgeContext, next: (Request, EdgeContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        let response = try await answer(request, context, next)
        instruments.note(
            route: context.endpointPath ?? "none", status: response.status.code,
            nanoseconds: (ContinuousClock.now - start).nanoseconds)
        return response
    }

    private func answer(
        _ request: Request, _ context: EdgeContext, _ next: (Request, EdgeContext) async throws -> Response
    ) async throws(HTTPParserError) -> Response {
        do {
            return try await next(request, context)
        } catch let error as EdgeError {
            return Answers.refused(error)
        } catch let error as any HTTPResponseError {
            return Answers.refused(EdgeError(error))
        } catch let error as HTTPParserError {
            // What comes is no HTTP; the server answers 400 and closes.
            throw error
        } catch  where error is ChannelError || error is IOError || error is CancellationError {
            logger.debug("a client left in the middle of its request", metadata: ["reason": "\(error)"])
            return Answers.refused(EdgeError(.malformed, "the request ended too early"))
        } catch {
            logger.error("a request failed", metadata: ["reason": "\(error)"])
            return Answers.refused(EdgeError(.internal, "the request failed for a reason that is not its own"))
        }
    }
}

/// The instruments of each route, made once: finding them by their labels costs more than a request's parsing.
private final class RequestInstruments: Sendable {
    private struct Route {
        let duration: Metrics.Timer
        var answers: [Int: Counter] = [:]
    }

    private let routes = Mutex<[String: Route]>([:])

    func note(route name: String, status: Int, nanoseconds: Int64) {
        let (duration, answers) = routes.withLock { routes in
            var route = routes[name] ?? Self.route(name)
            if let answers = route.answers[status] { return (route.duration, answers) }
            let answers = Counter(
                label: "loods_ingest_requests_total", dimensions: [("route", name), ("status", "\(status)")])
            route.answers[status] = answers
            routes[name] = route
            return (route.duration, answers)
        }
        duration.recordNanoseconds(nanoseconds)
        answers.increment()
    }

    private static func route(_ name: String) -> Route {
        Route(
            duration: Metrics.Timer(
                label: "loods_ingest_request_duration_seconds", dimensions: [("route", name)]))
    }
}

extension EdgeError {
    /// What the server's own errors are called here.
    fileprivate init(_ error: any HTTPResponseError) {
        switch error.status {
        case .notFound: self.init(.notFound, "there is nothing under this path")
        case .contentTooLarge: self.init(.tooLarge, "the body is too large")
        default: self.init(.malformed, "the request is malformed")
        }
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
