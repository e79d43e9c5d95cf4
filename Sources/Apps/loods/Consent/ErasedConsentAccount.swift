import Model
import Store
import Workspaces

/// What is kept of the ledger of somebody who was erased, for whoever names their address: nothing of it says who that was.
struct ErasedConsentAccount: Sendable {
    let entries: [ErasedConsent]
    let zone: LocalZone

    var lines: [String] {
        guard let first = entries.first else { return [] }
        let head =
            "erased \(time(first.erasedAt)): of the ledger this is kept under a keyed hash of the address, until "
            + time(first.keepUntil)
        return [head] + entries.flatMap { lines(of: $0) }
    }

    private func lines(of entry: ErasedConsent) -> [String] {
        let basis = entry.basis.map { " on \($0)" } ?? ""
        let head =
            "\(time(entry.at))   \(entry.topic) by \(entry.channel): \(entry.state.rawValue)\(basis), \(entry.means)"
        let members = ConsentProof.Member.allCases.compactMap { member in
            entry.proof[member].map { "    \(member.rawValue) \($0)" }
        }
        return ([head] + members).map { Console.safe($0) }
    }

    private func time(_ time: Timestamp) -> String { LocalTime(time, in: zone).full }

    var json: [JSON] {
        entries.map { entry in
            var members: [String: JSON] = [
                "topic": .string(entry.topic), "channel": .string(entry.channel),
                "state": .string(entry.state.rawValue), "at": .string(entry.at.description),
                "source": .string(entry.means), "standing": .string("erased"),
                "erased_at": .string(entry.erasedAt.description), "keep_until": .string(entry.keepUntil.description),
            ]
            members["basis"] = entry.basis.map { .string($0) }
            for (member, text) in entry.proof.members { members[member.rawValue] = .string(text) }
            return .object(members)
        }
    }
}
