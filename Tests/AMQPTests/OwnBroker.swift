import AMQP
import Foundation
import Testing

/// A RabbitMQ of one test's own, for what would disturb the others on the shared one: alarms, and freezing.
///
/// It ends with the test; should the process that runs the tests die before, it ends with that.
struct OwnBroker: Sendable {
    /// `amqp://guest:guest@127.0.0.1:PORT/`
    let url: String
    private let home: URL
    private let environment: [String: String]

    /// Starts the broker, runs the test, and leaves nothing behind.
    static func with(_ body: (OwnBroker) async throws -> Void) async throws {
        let home = FileManager.default.temporaryDirectory.appending(path: "loods-broker-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: false)
        let port = try SilentListener.freePort()
        let broker = OwnBroker(
            url: "amqp://guest:guest@127.0.0.1:\(port)/", home: home, environment: try environment(home, port))
        try "listeners.tcp.1 = 127.0.0.1:\(port)\n".write(
            to: home.appending(path: "rabbitmq.conf"), atomically: true, encoding: .utf8)
        try "[].".write(to: home.appending(path: "enabled_plugins"), atomically: true, encoding: .utf8)
        try await broker.run("/bin/bash", "-c", script) {
            try await broker.awaitReady()
            try await body(broker)
        }
    }

    /// Ends when its input does, and clears up. RUNNING_UNDER_SYSTEMD: the server's script becomes the broker itself.
    private static let script = """
        ulimit -n 65536 2>/dev/null
        exec >"$HOME/output" 2>&1
        epmd & epmd=$!
        until epmd -names; do sleep 0.05; done
        /usr/lib/rabbitmq/bin/rabbitmq-server </dev/null & broker=$!
        read -r _
        kill -KILL $broker $epmd
        wait
        rm -rf "${HOME:?}"
        """

    private static func environment(_ home: URL, _ port: UInt16) throws -> [String: String] {
        [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "HOME": home.path,
            "RUNNING_UNDER_SYSTEMD": "true", "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_NODENAME": "own-\(port)@localhost", "RABBITMQ_MNESIA_BASE": "\(home.path)/mnesia",
            "RABBITMQ_LOG_BASE": "\(home.path)/log", "RABBITMQ_PID_FILE": "\(home.path)/pid",
            "RABBITMQ_CONFIG_FILE": "\(home.path)/rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": "\(home.path)/enabled_plugins",
            "RABBITMQ_DIST_PORT": "\(try SilentListener.freePort())",
            "ERL_EPMD_PORT": "\(try SilentListener.freePort())", "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        ]
    }

    private func awaitReady() async throws {
        try await eventually("RabbitMQ takes connections") {
            guard let connection = try? await AMQPConnection.connect(AMQPConfiguration(url: url)) else { return false }
            await connection.close()
            return true
        }
    }

    /// Raises the alarm on memory, or ends it.
    func setAlarm(_ isOn: Bool) async throws {
        let status = try await run(
            "/usr/lib/rabbitmq/bin/rabbitmqctl", "--quiet", "set_vm_memory_high_watermark", isOn ? "0" : "0.9")
        try #require(status == 0)
    }

    /// Stops the broker's process in the middle of whatever it does.
    func freeze() throws {
        let text = try String(contentsOf: home.appending(path: "pid"), encoding: .utf8)
        let identifier = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        try #require(kill(identifier, SIGSTOP) == 0)
    }

    /// Runs a program until it ends, its input open as long as `body` runs; answers its status.
    @discardableResult
    private func run(_ program: String, _ arguments: String..., during body: () async throws -> Void = {}) async throws
        -> Int32
    {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.environment = environment
        let input = Pipe()
        process.standardInput = input
        let (ends, end) = AsyncStream.makeStream(of: Int32.self)
        process.terminationHandler = {
            end.yield($0.terminationStatus)
            end.finish()
        }
        try process.run()
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        try? input.fileHandleForWriting.close()
        let status = await ends.first { _ in true } ?? -1
        try result.get()
        return status
    }
}
