import Contracts
import Model
import Postgres
import Store

/// Events that robots send and that name no user: they are kept in the log, and are nobody's.
///
/// A crawler that runs a page's script is a new visitor at every page. So what it sends with a public key stands under a
/// subject of its own, which no contact has: no condition, score or figure of contacts sees it, in whichever order events
/// come, and the visitor of the same name, should there be one, is left as it is. A form that was filled in is a person's
/// doing, whatever the program calls itself; so is what names a user.
enum RobotEvents {
    /// The events without those of before an erasure of whom they name.
    static func kept(
        _ events: [AcceptedEvent], knowingErasedBy key: ErasureKey?, in session: PostgresSession
    ) throws -> [AcceptedEvent] {
        guard !events.isEmpty else { return [] }
        let erased = try Tombstones.of(Set(events.map(\.subjectKey)), by: key, in: session)
        return events.compactMap { $0.since(erased) }
    }
}

extension AcceptedEvent {
    /// Whether a robot sent it, naming nobody but a visitor.
    var isRobots: Bool {
        guard trust == .publicKey, name != EventNames.formSubmitted, case .identity(let identity) = subject,
            identity.kind == .anonymous,
            context.mayMention("bot\":true") || context.mayMention("bot\": true")
        else { return false }
        return (try? JSON(parsing: context))?["bot"] == .bool(true)
    }

    /// The event as the log keeps it: one of a robot's is nobody's.
    var withoutRobot: AcceptedEvent {
        guard isRobots else { return self }
        var event = self
        event.subject = .id(subjectID.robotSubject)
        event.aliases = []
        return event
    }

    /// Whether it is one that ``withoutRobot`` made: of public keys nobody else speaks of subjects by their ids.
    var isNobodys: Bool {
        guard trust == .publicKey, case .id = subject else { return false }
        return true
    }
}
