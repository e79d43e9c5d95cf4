import CoreMetrics
import Logging
public import ServiceLifecycle
import UnixSignals

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The frame that every Loods service runs in: settings, logs, metrics, health, shutdown, exit codes.
public enum ServiceMain {
    /// Runs a service until it is told to stop (SIGTERM or SIGINT) or fails, then ends the process.
    ///
    /// `services` are started in their order, after the operations server, and shut down in the reverse order, each
    /// when the next has ended. All run until shutdown: one that returns earlier ends the process with 70. An
    /// `ExitFault`, thrown by `services` or by a service's `run()`, decides the exit code; any other error means 70.
    ///
    /// - Parameters:
    ///   - name: the service's name in logs.
    ///   - about: one sentence for `--help`.
    ///   - settings: reads the settings; the runtime reads its own beside them.
    ///   - services: builds what the service consists of.
    public static func run<Settings>(
        name: String, about: String, settings: (inout SettingsReader) -> Settings,
        services: (Settings, ServiceContext) async throws -> [any Service]
    ) async -> Never {
        var reader = SettingsReader(environment: ProcessInfo.processInfo.environment)
        let runtime = RuntimeSettings(&reader)
        let own = settings(&reader)
        leaveIfAsked(name: name, about: about, arguments: CommandLine.arguments.dropFirst(), reader: reader)
        guard reader.faults.isEmpty else {
            StandardError.write(reader.faults.report)
            leave(.settings)
        }
        let registry = MetricsRegistry()
        bootstrap(name: name, level: runtime.logLevel, registry: registry)
        let logger = Logger(label: name)
        for unknown in reader.unknownNames {
            logger.warning("no setting of this service has this name", metadata: ["name": "\(unknown)"])
        }
        for caution in reader.cautions {
            logger.warning(
                "a setting's file keeps no secret",
                metadata: ["name": "\(caution.name)", "reason": "\(caution.message)"])
        }
        let context = ServiceContext(name: name, logger: logger, readiness: Readiness(), metrics: registry)
        leave(await serve(runtime, context, registry) { try await services(own, context) })
    }

    static func serve(
        _ settings: RuntimeSettings, _ context: ServiceContext, _ registry: MetricsRegistry,
        services: () async throws -> [any Service]
    ) async -> ExitCode {
        let logger = context.logger
        do {
            let operations = OperationsServer(
                address: settings.operations, readiness: context.readiness, metrics: registry, logger: logger)
            let drain = DrainWatch(limit: settings.drain, readiness: context.readiness, logger: logger)
            defer { drain.disarm() }
            let all: [any Service] = [operations] + (try await services()) + [drain]
            // The drain watch ends as soon as shutdown begins; that is no reason to end the others.
            let configurations = all.map { service in
                ServiceGroupConfiguration.ServiceConfiguration(
                    service: service, successTerminationBehavior: service is DrainWatch ? .ignore : .cancelGroup,
                    failureTerminationBehavior: .gracefullyShutdownGroup, serviceName: "\(type(of: service))")
            }
            var quiet = logger
            quiet.logLevel = max(logger.logLevel, .warning)
            var configuration = ServiceGroupConfiguration(
                services: configurations, gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet)
            configuration.maximumCancellationDuration = settings.drain
            logger.info("service starts", metadata: ["pid": "\(ProcessInfo.processInfo.processIdentifier)"])
            try await ServiceGroup(configuration: configuration).run()
            logger.info("service ended")
            return .done
        } catch let fault as ExitFault {
            logger.error("service cannot go on", metadata: ["reason": "\(fault.message)"])
            return fault.code
        } catch {
            logger.error("service failed", metadata: ["reason": "\(error)"])
            return .ourFault
        }
    }

    private static func bootstrap(name: String, level: Logger.Level, registry: MetricsRegistry) {
        LoggingSystem.bootstrap { label in
            JSONLogHandler(service: name, label: label, level: level) { StandardError.write($0) }
        }
        MetricsSystem.bootstrap(registry)
    }

    private static func leaveIfAsked(
        name: String, about: String, arguments: ArraySlice<String>, reader: SettingsReader
    ) {
        guard let argument = arguments.first else { return }
        guard argument == "--help" || argument == "-h" else {
            StandardError.write(
                "\(name): unknown argument \"\(argument)\"; settings come from the environment, see --help\n")
            leave(.settings)
        }
        print(
            """
            \(name): \(about)

            Settings come from the environment; NAME_FILE names a file that holds the value of NAME.

            \(reader.settings.page)
            Exit codes: 0 done, 64 settings, 69 a server is away, 70 a fault of ours.
            """)
        leave(.done)
    }

    private static func leave(_ code: ExitCode) -> Never { exit(code.rawValue) }
}

extension ServiceContext {
    /// The process's id.
    public var pid: Int32 { ProcessInfo.processInfo.processIdentifier }
    /// The name of the host that it runs on.
    public var host: String { ProcessInfo.processInfo.hostName }
}

/// The settings that every service has.
struct RuntimeSettings: Sendable {
    var operations: ListenAddress
    var drain: Duration
    var logLevel: Logger.Level

    init(_ reader: inout SettingsReader) {
        operations = reader.listen(
            "LOODS_OPERATIONS_LISTEN", default: "127.0.0.1:9464",
            meaning: "Where /healthz, /readyz and /metrics are served; port 0 lets the system choose.")
        drain = .seconds(
            reader.int(
                "LOODS_DRAIN_SECONDS", in: 1...3600, default: 30, unit: "seconds",
                meaning: "How long work in hand may take to end after SIGTERM; the process then ends with 70."))
        let level = reader.choice(
            "LOODS_LOG_LEVEL", of: Logger.Level.allCases.map(\.rawValue), default: "info",
            meaning: "Entries below this level are not written.")
        logLevel = Logger.Level(rawValue: level) ?? .info
        reader.readCrashPlan()
    }
}
