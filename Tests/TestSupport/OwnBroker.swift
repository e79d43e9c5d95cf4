import AMQP
public import Foundation

/// A RabbitMQ of one test's own, for what would disturb the others on the shared one: alarms, stops, crashes, freezing,
/// settings.
///
/// It keeps its port over stops and starts. It ends with the test and leaves nothing behind; should the process that runs
/// the tests die before, it ends with that. At most four at a time: a broker takes 150 MB.
public final class OwnBroker: Sendable {
    /// How it is stopped.
    public enum Stop: Sendable, CaseIterable {
        /// Tells its clients, and ends in order; RabbitMQ 3.10 may hang in it while bodies are under way, and is killed then.
        case graceful
        /// SIGKILL: as if the machine had gone.
        case killed
    }

    /// What makes it another than the usual one.
    public struct Options: Sendable {
        /// Lines of rabbitmq.conf, after the others.
        public var settings: [String]
        /// Files in its folder, which is where it runs: settings name them without a path.
        public var files: [String: String]
        /// Whether it has the management API; see ``OwnBroker/managementURL``.
        public var hasManagement: Bool

        public init(settings: [String] = [], files: [String: String] = [:], hasManagement: Bool = false) {
            self.settings = settings
            self.files = files
            self.hasManagement = hasManagement
        }
    }

    /// Where it listens, on 127.0.0.1.
    public let port: UInt16
    private let managementPort: UInt16
    private let environment: [String: String]
    private let server: GuardedServer
    private static let slots = Slots(4)

    private init() throws {
        port = FreePort.take()
        managementPort = FreePort.take()
        let folder = FileManager.default.temporaryDirectory.appending(path: TestEnvironment.uniqueName("loods-broker-"))
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        environment = Self.environment(folder, port)
        server = try GuardedServer(
            "RabbitMQ", folder: folder,
            // A container's limit of open files may be a thousand million, and Erlang makes a table of that size.
            command: ["bash", "-c", "ulimit -n 65536 2>/dev/null; exec /usr/lib/rabbitmq/bin/rabbitmq-server"],
            environment: environment, before: "epmd & epmd=$!; until epmd -names; do sleep 0.05; done",
            after: "kill -KILL $epmd")
    }

    /// RUNNING_UNDER_SYSTEMD: the server's script becomes the broker itself.
    private static func environment(_ folder: URL, _ port: UInt16) -> [String: String] {
        [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "HOME": folder.path,
            "RUNNING_UNDER_SYSTEMD": "true", "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_NODENAME": "own-\(port)@localhost", "RABBITMQ_MNESIA_BASE": "\(folder.path)/mnesia",
            "RABBITMQ_LOG_BASE": "\(folder.path)/log", "RABBITMQ_PID_FILE": "\(folder.path)/pid",
            "RABBITMQ_CONFIG_FILE": "\(folder.path)/rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": "\(folder.path)/enabled_plugins",
            "RABBITMQ_DIST_PORT": "\(FreePort.take())", "ERL_EPMD_PORT": "\(FreePort.take())",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        ]
    }

    /// `amqp://guest:guest@127.0.0.1:PORT/`
    public var url: String { "amqp://guest:guest@127.0.0.1:\(port)/" }

    /// `http://guest:guest@127.0.0.1:PORT`, where the options ask for it.
    public var managementURL: String { "http://guest:guest@127.0.0.1:\(managementPort)" }

    /// Where its files lie.
    public var folder: URL { server.folder }

    /// Makes and starts one, runs `body`, and removes it.
    public static func with<R>(
        _ options: Options = Options(), isolation: isolated (any Actor)? = #isolation,
        _ body: (OwnBroker) async throws -> R
    ) async throws -> R {
        let broker = try await make(options)
        let result: Result<R, any Error>
        do { result = .success(try await body(broker)) } catch { result = .failure(error) }
        await broker.remove()
        return try result.get()
    }

    /// Makes and starts one; ``remove()`` it.
    public static func make(_ options: Options = Options()) async throws -> OwnBroker {
        await slots.take()
        do {
            let broker = try OwnBroker()
            do {
                try broker.configure(options)
                try await broker.start()
                return broker
            } catch {
                await broker.server.end()
                throw error
            }
        } catch {
            await slots.giveBack()
            throw error
        }
    }

    /// Stops it, however it stands, and removes its data.
    public func remove() async {
        await server.end()
        await Self.slots.giveBack()
    }

    /// Writes its settings anew; they hold from the next start.
    public func configure(_ options: Options) throws {
        var lines = ["listeners.tcp.1 = 127.0.0.1:\(port)"]
        if options.hasManagement {
            lines += ["management.tcp.ip = 127.0.0.1", "management.tcp.port = \(managementPort)"]
        }
        for (name, text) in options.files { try write(text, to: name) }
        try write((lines + options.settings).joined(separator: "\n") + "\n", to: "rabbitmq.conf")
        try write(options.hasManagement ? "[rabbitmq_management]." : "[].", to: "enabled_plugins")
    }

    private func write(_ text: String, to name: String) throws {
        try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
    }

    /// Starts it again, and returns when it takes connections.
    public func start() async throws {
        try await server.start()
        try await server.waitUntil("takes connections") {
            guard let configuration = try? AMQPConfiguration(url: url),
                let connection = try? await AMQPConnection.connect(configuration)
            else { return false }
            await connection.close()
            return true
        }
    }

    /// Stops it, and returns when its process is gone.
    public func stop(_ how: Stop = .graceful) async throws {
        try await server.ask(toEnd: how == .graceful ? SIGTERM : SIGKILL)
    }

    /// Stops the broker's process in the middle of whatever it does, as a machine that hangs.
    public func freeze() { server.send(SIGSTOP) }

    /// Lets it go on after ``freeze()``.
    public func thaw() { server.send(SIGCONT) }

    /// Raises the alarm on memory, which blocks publishers, or ends it.
    public func setAlarm(_ isOn: Bool) async throws {
        try await control("set_vm_memory_high_watermark", isOn ? "0" : "0.9")
    }

    /// Runs `rabbitmqctl` on it; answers what that wrote.
    @discardableResult
    public func control(_ arguments: String...) async throws -> String {
        try await Program.check(
            ["/usr/lib/rabbitmq/bin/rabbitmqctl", "--quiet"] + arguments, environment: environment)
    }
}
