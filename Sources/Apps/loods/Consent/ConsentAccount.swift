import Model
import Store
import Workspaces

/// A contact's ledger of consents as it may be printed for them, or for a court.
struct ConsentAccount: Sendable {
    private enum Standing {
        case holds
        /// A request that nobody confirmed in time.
        case expired
        case superseded(ConsentEntry)
    }

    private let ledger: [(entry: ConsentEntry, standing: Standing)]
    private let workspace: Workspace

    init(_ entries: [ConsentEntry], in workspace: Workspace, now: Timestamp) {
        self.workspace = workspace
        ledger = entries.map { entry in
            if let successor = entries.successor(of: entry) { return (entry, .superseded(successor)) }
            let isOver = entry.state == .pending && entry.proof.expiresAt.map { now >= $0 } ?? false
            return (entry, isOver ? .expired : .holds)
        }
    }

    var lines: [String] {
        ledger.isEmpty ? ["nothing was ever said of consent"] : ledger.flatMap { lines(of: $0.entry, $0.standing) }
    }

    private func lines(of entry: ConsentEntry, _ standing: Standing) -> [String] {
        let place = entry.address.isEmpty ? "" : " at \(entry.address)"
        let head =
            "\(time(entry.at))   \(entry.topic) by \(entry.channel)\(place): \(entry.state.rawValue), \(entry.means); "
            + words(of: standing)
        var lines = [Console.safe(head)]
        if let wording = entry.wording {
            let version = entry.proof[.version].map { "version \($0)" }
            let which = [version, entry.proof[.language]].compactMap(\.self).joined(separator: ", ")
            lines.append(Console.safe("    “\(wording)”" + (which.isEmpty ? "" : " (\(which))")))
        }
        let evidence = Self.evidence.compactMap { member in
            entry.proof[member].map { "\(member.rawValue) \($0)" }
        }
        return lines + evidence.map { "    " + Console.safe($0) }
    }

    private static let evidence = ConsentProof.Member.allCases.filter { $0 != .version && $0 != .language }

    private func words(of standing: Standing) -> String {
        switch standing {
        case .holds: "holds"
        case .expired: "expired"
        case .superseded(let successor):
            "superseded by what was \(successor.state.rawValue) \(time(successor.at)), \(successor.means)"
        }
    }

    private func time(_ time: Timestamp) -> String { LocalTime(time, in: workspace.zone).full }

    var json: JSON {
        .array(
            ledger.map { entry, standing in
                var object = entry.members
                switch standing {
                case .holds: object["standing"] = .string("holds")
                case .expired: object["standing"] = .string("expired")
                case .superseded(let successor):
                    object["standing"] = .string("superseded")
                    object["superseded_by"] = .string(successor.eventID)
                }
                return .object(object)
            })
    }
}

extension ConsentEntry {
    /// What a line says, by the names that exports have.
    var members: [String: JSON] {
        var members: [String: JSON] = [
            "topic": .string(topic), "channel": .string(channel), "state": .string(state.rawValue),
            "at": .string(at.description), "source": .string(means), "event_id": .string(eventID),
        ]
        if !address.isEmpty { members["address"] = .string(address) }
        members["wording"] = wording.map { .string($0) }
        for (member, text) in proof.members { members[member.rawValue] = .string(text) }
        return members
    }
}
