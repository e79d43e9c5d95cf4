import Glibc

/// Processes whose time counts together, with everything that they start.
struct ProcessGroup: Sendable {
    /// Postfix's sink, and the relay that hands on to it: nothing of the cluster.
    static let sink = "sink"
    static let relay = "relay"

    var name: String
    var roots: [Int32]

    /// Reads `name:pid` words; a name may come more than once.
    static func parse(_ words: [String]) -> [ProcessGroup] {
        var groups: [ProcessGroup] = []
        for word in words {
            let parts = word.split(separator: ":")
            guard parts.count == 2, let pid = Int32(parts[1]) else { continue }
            if let index = groups.firstIndex(where: { $0.name == parts[0] }) {
                groups[index].roots.append(pid)
            } else {
                groups.append(ProcessGroup(name: String(parts[0]), roots: [pid]))
            }
        }
        return groups
    }
}

extension [ProcessGroup] {
    func named(_ name: String) -> [ProcessGroup] { filter { $0.name == name } }

    func without(_ name: String) -> [ProcessGroup] { filter { $0.name != name } }

    /// Stops or continues the processes of a group, as job control does.
    func signal(_ name: String, _ signal: Int32) {
        for group in self where group.name == name {
            for pid in group.roots { kill(pid, signal) }
        }
    }
}
