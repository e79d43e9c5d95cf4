import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// The HTTP server for whoever runs the service: `/healthz`, `/readyz` and `/metrics`.
struct OperationsServer: Service {
    let address: ListenAddress
    let readiness: Readiness
    let metrics: MetricsRegistry
    let logger: Logger

    func run() async throws {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let application = Application(
            responder: router.buildResponder(),
            configuration: .init(address: .hostname(address.host, port: address.port), backlog: 16),
            onServerRunning: { channel in
                logger.info(
                    "operations server listens",
                    metadata: ["address": "\(address.host):\(channel.localAddress?.port ?? address.port)"])
            }, logger: quiet)
        do {
            try await application.run()
        } catch let error as IOError {
            throw ExitFault(
                code: .dependencyAway, message: "cannot listen on \(address) (LOODS_OPERATIONS_LISTEN): \(error)")
        }
    }

    var router: Router<BasicRequestContext> {
        let router = Router()
        router.get("healthz") { _, _ in Response(status: .ok, headers: headers("text/plain"), body: text("ok\n")) }
        router.get("readyz") { _, _ in await readyz() }
        router.get("metrics") { _, _ in
            Response(
                status: .ok, headers: headers("text/plain; version=0.0.4; charset=utf-8"),
                body: text(metrics.exposition))
        }
        return router
    }

    private func readyz() async -> Response {
        let report = await readiness.report()
        let isReady = report.allSatisfy(\.check.isReady)
        var body = Array("{\"ready\":\(isReady),\"checks\":{".utf8)
        for (index, entry) in report.enumerated() {
            if index > 0 { body.append(UInt8(ascii: ",")) }
            body.appendJSON(string: entry.name)
            body.append(UInt8(ascii: ":"))
            switch entry.check {
            case .ready: body.appendJSON(string: "ready")
            case .limited(let reason), .notReady(let reason): body.appendJSON(string: reason)
            }
        }
        body += Array("}}\n".utf8)
        return Response(
            status: isReady ? .ok : .serviceUnavailable, headers: headers("application/json"),
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }

    private func headers(_ type: String) -> HTTPFields {
        [.contentType: type, .cacheControl: "no-store"]
    }

    private func text(_ text: String) -> ResponseBody { ResponseBody(byteBuffer: ByteBuffer(string: text)) }
}
