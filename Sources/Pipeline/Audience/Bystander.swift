import Contracts
import Expressions
import Model
import Store
import Workspaces

/// A contact of which a batch asks nothing: its events give points at most, and that is all.
///
/// Most events of most audiences are of such. No `Person` is made of it, and nothing of it is read.
struct Bystander {
    let contact: ContactKey
    let events: [AcceptedEvent]
    /// What the events give.
    let addends: [ScoreSums.Row]

    /// Nil where something may have to be asked.
    init?(
        _ contact: ContactKey, _ events: [AcceptedEvent], _ standing: Contacts.Standing, _ rules: AudienceRules
    ) throws {
        guard standing.evaluatedRevision == rules.revision, !standing.isStirred, !standing.objects,
            events.allSatisfy({ !$0.mayDescribe && rules.isQuiet($0.name, above: standing.stage) })
        else { return nil }
        self.contact = contact
        self.events = events
        var addends: [ScoreSums.Row] = []
        for event in events {
            let models = rules.workspace.scores.filter { $0.mentions(event.name) }
            guard !models.isEmpty else { continue }
            let seen = try event.seen(by: models)
            for model in models {
                addends += model.terms(of: seen).map { ScoreSums.Row(contact: contact, model: model.name, term: $0) }
            }
        }
        self.addends = addends
    }
}

extension AcceptedEvent {
    /// The event as the rules of scores see it: what it says is only read where one asks.
    func seen(by models: [ScoreModel]) throws -> HistoryEvent {
        let asks = models.contains { $0.asks(of: name) }
        let asksContext = models.contains { $0.asksContext(of: name) }
        return HistoryEvent(
            at: at, eventID: eventID, name: name, properties: asks ? try JSON(parsing: properties) : .object([:]),
            context: asksContext ? try JSON(parsing: context) : .object([:]))
    }
}
