import Model
public import Postgres
import Store
public import Transit
import Workspaces

extension SiteMessages {
    /// As the store has them; whoever asks waits a second for it at most.
    public init(pool: PostgresPool, definitions: DefinitionsCache) {
        self.init { visitor in
            try await pool.withConnection(within: .seconds(1)) { session in
                let now = try DomainClock.read(in: session)
                guard let found = try VisitMessages.next(for: visitor, now: now, in: session) else { return nil }
                let workspace = try definitions.workspace(visitor.workspace, revision: found.revision, in: session)
                guard let said = workspace.siteMessage(atStep: found.step, ofJourney: found.journey) else { return nil }
                return Offer(
                    contact: found.contact, message: found.id, journey: found.journey, step: found.step,
                    plannedAt: found.plannedAt, said: said)
            }
        } noteShown: { shown in
            let shown = shown.map { (message: $0.message, contact: $0.contact) }
            try await pool.withConnection(within: .seconds(1)) { session in
                try VisitMessages.noteShown(shown, now: try DomainClock.read(in: session), in: session)
            }
        }
    }
}
