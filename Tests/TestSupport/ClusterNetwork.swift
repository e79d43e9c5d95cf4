import Foundation
import Synchronization

/// Names and commands for three network namespaces on a bridge; distinct for every cluster on the machine.
struct ClusterNetwork: Sendable {
    private static let made = Mutex(0)

    /// Short: a network interface's name has 15 characters at most.
    private let tag: String
    private let firstSubnet: Int

    init() {
        let number = Self.made.withLock { made in
            made += 1
            return made
        }
        let process = Int(ProcessInfo.processInfo.processIdentifier)
        tag = String(process, radix: 36) + String(number, radix: 36)
        firstSubnet = (process * 7 + number) % 250
        subnet = Self.freeSubnet(from: firstSubnet)
    }

    /// 10.99.N.0/24, N of it.
    private let subnet: Int

    /// The first that no interface has; two clusters that begin at the same time begin at different ones.
    private static func freeSubnet(from first: Int) -> Int {
        let routes = (try? String(contentsOfFile: "/proc/net/fib_trie", encoding: .utf8)) ?? ""
        return (0..<250).lazy.map { (first + $0) % 250 + 1 }.first { !routes.contains(" 10.99.\($0).") } ?? 1
    }

    private var bridge: String { "lb\(tag)" }
    private func cable(_ node: Int) -> String { "lv\(tag)\(node)" }
    func namespace(_ node: Int) -> String { "loods-\(tag)-\(node)" }
    func address(_ node: Int) -> String { "10.99.\(subnet).\(node)" }
    func nodeName(_ node: Int) -> String { "rabbit@\(address(node))" }

    /// Docker has the kernel pass what goes over bridges through the firewall, and forward nothing by default.
    private var rule: String { "FORWARD -i \(bridge) -o \(bridge) -j ACCEPT" }

    /// Bash that makes it all.
    var setup: String {
        """
        ip link add \(bridge) type bridge
        ip addr add 10.99.\(subnet).254/24 dev \(bridge)
        ip link set \(bridge) up
        iptables -w -I \(rule)
        """
            + BrokerCluster.nodes.map { node in
                """

                ip netns add \(namespace(node))
                ip link add \(cable(node)) type veth peer name eth0 netns \(namespace(node))
                ip link set \(cable(node)) master \(bridge) up
                ip -n \(namespace(node)) addr add \(address(node))/24 dev eth0
                ip -n \(namespace(node)) link set eth0 up
                ip -n \(namespace(node)) link set lo up
                """
            }.joined()
    }

    /// Bash that removes it all, and what still runs in it; harmless where there is nothing.
    var teardown: String {
        BrokerCluster.nodes.map { node in
            """
            for _ in {1..100}; do
              pids=$(ip netns pids \(namespace(node))) && [[ -n $pids ]] || break
              kill -KILL $pids; sleep 0.05
            done
            ip netns del \(namespace(node))

            """
        }.joined() + "ip link del \(bridge); iptables -w -D \(rule)"
    }

    /// Bash that cuts a node off from the others.
    func isolation(of node: Int) -> String {
        BrokerCluster.nodes.filter { $0 != node }.flatMap { peer in
            ["INPUT -s", "OUTPUT -d"].map {
                "ip netns exec \(namespace(node)) iptables -w -A \($0) \(address(peer)) -j DROP"
            }
        }.joined(separator: "\n")
    }
}
