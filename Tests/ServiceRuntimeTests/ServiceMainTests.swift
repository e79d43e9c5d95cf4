import Logging
import ServiceLifecycle
import Testing

@testable import ServiceRuntime

private struct Failing: Service {
    struct Broken: Error {}
    let error: any Error
    func run() async throws { throw error }
}

private struct Leaving: Service {
    func run() async throws {}
}

@Suite struct ServiceMainTests {
    private func exitCode(_ services: () async throws -> [any Service]) async -> ExitCode {
        var reader = SettingsReader(environment: ["LOODS_OPERATIONS_LISTEN": "127.0.0.1:0"]) { _ in "" }
        let settings = RuntimeSettings(&reader)
        let registry = MetricsRegistry()
        let context = ServiceContext(
            name: "test", logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, readiness: Readiness(),
            metrics: registry)
        return await ServiceMain.serve(settings, context, registry, services: services)
    }

    @Test func aFaultAtStartDecidesTheCode() async {
        #expect(await exitCode { throw ExitFault(code: .dependencyAway, message: "away") }.rawValue == 69)
        #expect(await exitCode { throw Failing.Broken() }.rawValue == 70)
    }

    @Test func aFaultOfAServiceDecidesTheCode() async {
        #expect(await exitCode { [Failing(error: ExitFault(code: .settings, message: "clock"))] }.rawValue == 64)
        #expect(await exitCode { [Failing(error: Failing.Broken())] }.rawValue == 70)
    }

    @Test func aServiceThatLeavesEarlyIsAFault() async {
        #expect(await exitCode { [Leaving()] }.rawValue == 70)
    }
}
