import CoreMetrics
import HTTPTypes
import Hummingbird
import Logging
import Metrics
import NIOCore
import NIOHTTP1

/// Turns errors into answers, counts requests by route and status, and times them.
struct RequestMetrics: RouterMiddleware {
    typealias Context = EdgeContext

    let logger: Logger

    func handle(
        _ request: Request, context: EdgeContext, next: (Request, EdgeContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        let response = try await answer(request, context, next)
        let route = context.endpointPath ?? "none"
        Metrics.Timer(label: "loods_ingest_request_duration_seconds", dimensions: [("route", route)])
            .recordNanoseconds((ContinuousClock.now - start).nanoseconds)
        Counter(
            label: "loods_ingest_requests_total",
            dimensions: [("route", route), ("status", "\(response.status.code)")]
        ).increment()
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
