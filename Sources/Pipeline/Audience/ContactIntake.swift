import Contracts
import Model
import Postgres
import Store

/// Makes the names and contacts that a batch of events speaks of.
enum ContactIntake {
    static func ensure(_ events: ArraySlice<AcceptedEvent>, in session: PostgresSession) throws {
        var claims: Set<Identities.Claim> = []
        var subjects: [ContactKey: Identity?] = [:]
        for event in events {
            let subject = event.subjectID
            let key = ContactKey(workspace: event.workspace, contact: subject)
            guard case .identity(let identity) = event.subject else {
                subjects[key] = .some(subjects[key] ?? nil)
                continue
            }
            subjects[key] = identity
            claims.insert(Identities.Claim(workspace: event.workspace, identity: identity, subject: subject))
        }
        // A name that stands beside a stronger one is new only if it is not itself somebody's strongest in this batch.
        let own = Set(claims.map { OwnName(workspace: $0.workspace, identity: $0.identity) })
        for event in events where event.trust != .publicKey {
            for alias in event.aliases where !own.contains(OwnName(workspace: event.workspace, identity: alias)) {
                claims.insert(
                    Identities.Claim(workspace: event.workspace, identity: alias, subject: event.subjectID))
            }
        }
        try Identities.ensure(
            Array(claims), subjects: subjects, now: try DomainClock.read(in: session), in: session)
    }

    private struct OwnName: Hashable {
        var workspace: WorkspaceID
        var identity: Identity
    }
}
