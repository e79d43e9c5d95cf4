import Hummingbird
import HummingbirdTesting
import Logging
import Metrics
import Testing

@testable import ServiceRuntime

@Suite struct OperationsServerTests {
    private let readiness = Readiness()
    private let registry = MetricsRegistry()

    private func get(_ path: String) async throws -> (status: Int, body: String) {
        let server = OperationsServer(
            address: ListenAddress(host: "127.0.0.1", port: 0), readiness: readiness, metrics: registry,
            logger: Logger(label: "test"))
        return try await Application(responder: server.router.buildResponder()).test(.router) { client in
            try await client.execute(uri: path, method: .get) { (Int($0.status.code), String(buffer: $0.body)) }
        }
    }

    @Test func healthIsOk() async throws {
        #expect(try await get("/healthz").status == 200)
    }

    @Test func readinessNamesWhatIsAway() async throws {
        readiness.register("rabbitmq") { .ready }
        #expect(try await get("/readyz") == (200, "{\"ready\":true,\"checks\":{\"rabbitmq\":\"ready\"}}\n"))
        readiness.register("store") { .limited("is away") }
        #expect(
            try await get("/readyz")
                == (200, "{\"ready\":true,\"checks\":{\"rabbitmq\":\"ready\",\"store\":\"is away\"}}\n"))
        readiness.register("postgresql") { .notReady("\"db\" is away") }
        let answer = try await get("/readyz")
        #expect(answer.status == 503)
        #expect(
            answer.body
                == "{\"ready\":false,\"checks\":{\"rabbitmq\":\"ready\",\"store\":\"is away\","
                + "\"postgresql\":\"\\\"db\\\" is away\"}}\n")
    }

    @Test func whoIsShutDownIsNotReady() async throws {
        readiness.drain()
        #expect(try await get("/readyz").status == 503)
        #expect(try await get("/healthz").status == 200)
    }

    @Test func metricsAreServed() async throws {
        Counter(label: "n_total", factory: registry).increment()
        #expect(try await get("/metrics") == (200, "# TYPE n_total counter\nn_total 1\n"))
    }
}
