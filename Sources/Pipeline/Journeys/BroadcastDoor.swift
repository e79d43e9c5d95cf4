import Contracts
import JourneyProgram
import Model
import Postgres
import Store

/// Whom of a batch broadcasts let in: one contact of each address, and nobody whose own time has passed by too long.
struct BroadcastDoor {
    private struct Letterbox: Hashable {
        var workspace: WorkspaceID
        var journey: String
        var dueAt: Timestamp
        var address: String
    }

    private var reached: [Letterbox: UniqueID] = [:]

    /// Learns which addresses have been reached before. The caller holds the contacts' locks, and nobody else walks the same
    /// broadcast.
    init(
        _ openings: [Opening], _ sheets: [ContactKey: ContactFactSheet], in session: PostgresSession
    ) throws {
        var asked: [Letterbox: ContactKey] = [:]
        for opening in openings where opening.occurrence != nil {
            guard let letterbox = Self.letterbox(of: opening, sheets[opening.contact]) else { continue }
            if asked[letterbox] == nil { asked[letterbox] = opening.contact }
        }
        struct Occasion: Hashable {
            var workspace: WorkspaceID
            var journey: String
            var dueAt: Timestamp
        }
        for (occasion, part) in Dictionary(
            grouping: asked,
            by: {
                Occasion(workspace: $0.key.workspace, journey: $0.key.journey, dueAt: $0.key.dueAt)
            })
        {
            let found = try Broadcasts.reached(
                part.map { ($0.value, $0.key.address) }, journey: occasion.journey, dueAt: occasion.dueAt, in: session)
            for (letterbox, _) in part { reached[letterbox] = found[letterbox.address] }
        }
    }

    /// Why a broadcast passes a contact over; nil where it lets it in.
    func refusal(of opening: Opening, _ sheet: ContactFactSheet, in world: @autoclosure () -> World) -> [String: JSON]?
    {
        guard let occurrence = opening.occurrence else { return nil }
        if let letterbox = Self.letterbox(of: opening, sheet), let other = reached[letterbox],
            other != opening.contact.contact
        {
            return ["why": .string("its address was reached"), "by": .string(other.description)]
        }
        guard let due = opening.program.journey.missedTime(of: occurrence, in: world()) else { return nil }
        return ["why": .string("too late"), "due": .string(due.description)]
    }

    mutating func letIn(_ opening: Opening, _ sheet: ContactFactSheet) {
        guard opening.occurrence != nil, let letterbox = Self.letterbox(of: opening, sheet) else { return }
        if reached[letterbox] == nil { reached[letterbox] = opening.contact.contact }
    }

    private static func letterbox(of opening: Opening, _ sheet: ContactFactSheet?) -> Letterbox? {
        guard let address = sheet?.address?.comparedAddress, !address.isEmpty else { return nil }
        return Letterbox(
            workspace: opening.contact.workspace, journey: opening.program.journey.name, dueAt: opening.signal.at,
            address: address)
    }
}
