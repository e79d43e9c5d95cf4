import AMQP
import Foundation
import Testing

/// Three RabbitMQ nodes that are one broker, each on a machine of its own as far as the network goes: a namespace, joined
/// to the others by a bridge, where it can be cut off.
///
/// Needs root. Everything vanishes with the test, the namespaces, the bridge and the firewall's rule too; should the
/// process that runs the tests die before, with that.
public final class BrokerCluster: Sendable {
    /// The nodes' numbers.
    public static let nodes = 1...3

    private let network: ClusterNetwork
    private let guardian: GuardedServer
    private let servers: [Int: GuardedServer]

    /// Why there can be none here; nil where there can.
    public static let obstacle: String? = {
        guard geteuid() == 0 else { return "network namespaces need root" }
        let missing = ["ip", "iptables"].first { !FileManager.default.isExecutableFile(atPath: "/usr/sbin/\($0)") }
        return missing.map { "\($0)(8) is not installed" }
    }()

    private init() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: TestEnvironment.uniqueName("loods-nodes-"))
        network = ClusterNetwork()
        try Self.makeFolder(folder)
        guardian = try GuardedServer("the network", folder: folder, command: ["true"], after: network.teardown)
        var servers: [Int: GuardedServer] = [:]
        for node in Self.nodes {
            let home = folder.appending(path: "\(node)")
            try Self.makeFolder(home)
            servers[node] = try GuardedServer(
                "node \(node)", folder: home,
                command: [
                    "ip", "netns", "exec", network.namespace(node), "bash", "-c",
                    "ulimit -n 65536 2>/dev/null; exec /usr/lib/rabbitmq/bin/rabbitmq-server",
                ], environment: Self.environment(node, home, network))
        }
        self.servers = servers
    }

    private static func makeFolder(_ folder: URL) throws {
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    /// Makes the cluster, runs `body`, and removes it.
    ///
    /// - Parameter netTick: how long until a node that is cut off has lost the others (net_ticktime).
    public static func with<R>(
        netTick: Duration = .seconds(15), isolation: isolated (any Actor)? = #isolation,
        _ body: (BrokerCluster) async throws -> R
    ) async throws -> R {
        let cluster = try BrokerCluster()
        let result: Result<R, any Error>
        do {
            try await cluster.form(netTick)
            result = .success(try await body(cluster))
        } catch { result = .failure(error) }
        await cluster.remove()
        return try result.get()
    }

    private func remove() async {
        await withTaskGroup { group in
            for server in servers.values { group.addTask { await server.end() } }
        }
        await guardian.end()
    }

    private func form(_ netTick: Duration) async throws {
        try await Program.check(["bash", "-ec", network.setup])
        let cookie = TestEnvironment.uniqueName("")
        for node in Self.nodes { try configure(node, netTick, cookie) }
        // The others find the first one, and join it.
        try await start(1)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for node in Self.nodes.dropFirst() { group.addTask { try await self.start(node) } }
            try await group.waitForAll()
        }
        try await eventually("the nodes are one broker") {
            try await control(1, "eval", "length(rabbit_nodes:all_running()).").hasPrefix("3")
        }
    }

    private func configure(_ node: Int, _ netTick: Duration, _ cookie: String) throws {
        var lines = [
            "listeners.tcp.default = 5672", "loopback_users = none", "cluster_partition_handling = pause_minority",
            "net_ticktime = \(netTick.components.seconds)", "vm_memory_high_watermark.absolute = 1GB",
            "log.file.level = warning",
        ]
        if node != 1 {
            lines.append("cluster_formation.peer_discovery_backend = classic_config")
            lines += Self.nodes.map { "cluster_formation.classic_config.nodes.\($0) = \(network.nodeName($0))" }
        }
        let files = [
            "rabbitmq.conf": lines.joined(separator: "\n") + "\n", "enabled_plugins": "[].", ".erlang.cookie": cookie,
        ]
        for (name, text) in files {
            let file = try server(node).folder.appending(path: name)
            try text.write(to: file, atomically: false, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
        }
    }

    private static func environment(_ node: Int, _ home: URL, _ network: ClusterNetwork) -> [String: String] {
        [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": home.path, "RUNNING_UNDER_SYSTEMD": "true", "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_NODENAME": network.nodeName(node), "RABBITMQ_USE_LONGNAME": "true",
            "RABBITMQ_MNESIA_BASE": "\(home.path)/mnesia", "RABBITMQ_LOG_BASE": "\(home.path)/log",
            "RABBITMQ_PID_FILE": "\(home.path)/pid", "RABBITMQ_CONFIG_FILE": "\(home.path)/rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": "\(home.path)/enabled_plugins",
        ]
    }

    private func server(_ node: Int) throws -> GuardedServer {
        guard let server = servers[node] else { throw TestSupportError("there is no node \(node)") }
        return server
    }

    // MARK: Clients

    /// All nodes, as `LOODS_AMQP_URL` takes them.
    public var url: String { url(of: Array(Self.nodes)) }

    /// Some of the nodes.
    public func url(of nodes: [Int]) -> String {
        "amqp://guest:guest@\(nodes.map { "\(network.address($0)):5672" }.joined(separator: ","))/"
    }

    // MARK: Faults

    /// Starts a node, and returns when it takes connections.
    public func start(_ node: Int) async throws {
        let server = try server(node)
        try await server.start()
        let configuration = try AMQPConfiguration(url: url(of: [node]))
        try await server.waitUntil("takes connections") {
            guard let connection = try? await AMQPConnection.connect(configuration) else { return false }
            await connection.close()
            return true
        }
    }

    /// Stops a node, and returns when it is gone.
    public func stop(_ node: Int, _ how: OwnBroker.Stop) async throws {
        try await server(node).ask(toEnd: how == .graceful ? SIGTERM : SIGKILL)
    }

    /// Drops everything between a node and the others; clients still reach it.
    public func isolate(_ node: Int) async throws {
        try await Program.check(["bash", "-ec", network.isolation(of: node)])
    }

    /// Ends ``isolate(_:)``.
    public func heal(_ node: Int) async throws {
        try await Program.check(["ip", "netns", "exec", network.namespace(node), "iptables", "-w", "-F"])
    }

    // MARK: What the nodes say

    /// The node that leads a queue.
    public func leader(of queue: String, askedOf node: Int = 1) async throws -> Int {
        struct Queue: Decodable {
            var name: String
            var leader: String
        }
        let text = try await control(node, "list_queues", "name", "leader", "--formatter", "json")
        let queues = try JSONDecoder().decode([Queue].self, from: Data(text.utf8))
        let leader = queues.first { $0.name == queue }?.leader
        guard let found = Self.nodes.first(where: { network.nodeName($0) == leader }) else {
            throw TestSupportError("\(queue) has no leader: \(text.suffix(500))")
        }
        return found
    }

    /// Waits until every queue has all of its replicas.
    public func waitUntilWhole(askedOf node: Int = 1) async throws {
        struct Queue: Decodable { var online: [String] }
        try await eventually("each queue is on all nodes") {
            guard let text = try? await control(node, "list_queues", "online", "--formatter", "json"),
                let queues = try? JSONDecoder().decode([Queue].self, from: Data(text.utf8))
            else { return false }
            return queues.allSatisfy { $0.online.count == Self.nodes.count }
        }
    }

    /// What each node says of the queues, for whoever looks into a failure.
    public func told() async -> String {
        var lines: [String] = []
        for node in Self.nodes {
            do {
                let queues = try await control(
                    node, "--timeout", "10", "list_queues", "name", "state", "leader", "online", "messages")
                lines.append("node \(node):\n\(queues)")
            } catch {
                lines.append("node \(node): \("\(error)".prefix(300))")
            }
        }
        return lines.joined(separator: "\n")
    }

    /// Runs `rabbitmqctl` on a node; answers what that wrote.
    @discardableResult
    public func control(_ node: Int, _ arguments: String...) async throws -> String {
        try await Program.check(
            ["ip", "netns", "exec", network.namespace(node), "/usr/lib/rabbitmq/bin/rabbitmqctl", "--quiet"]
                + arguments, environment: Self.environment(node, try server(node).folder, network))
    }
}
