import Contracts
import Model
import Postgres
import Store

/// What the group calls of a batch say of companies.
///
/// Only trusted senders are heard. Whoever belongs to a company sees its attributes as `contact.company`.
struct CompanyFacts {
    private let events: [Companies.Key: [AcceptedEvent]]

    /// Nil where no event names a company.
    init?(_ events: [AcceptedEvent]) {
        let naming = events.compactMap { event in event.companyKey.map { ($0, event) } }
        guard !naming.isEmpty else { return nil }
        self.events = Dictionary(grouping: naming, by: \.0).mapValues { $0.map(\.1) }
    }

    /// Per attribute the last writer wins; null takes one away. Members of a company that has changed are looked at again, as
    /// bulk work.
    func save(now: Timestamp, in session: PostgresSession) throws {
        var changed: [Companies.Key: Companies.State] = [:]
        for (key, standing) in try Companies.lock(events.keys, now: now, in: session) {
            var state = standing
            for event in events[key] ?? [] {
                for (name, value) in try JSON(parsing: event.properties).object ?? [:] where name != "group_id" {
                    state.take(value, as: name, by: event)
                }
            }
            if state != standing { changed[key] = state }
        }
        try Companies.describe(changed, in: session)
    }
}

extension Companies.State {
    fileprivate mutating func take(_ value: JSON, as name: String, by event: AcceptedEvent) {
        let mark = Contacts.AttributeMark(at: event.at, eventID: event.eventID)
        if let held = marks[name], mark <= held { return }
        marks[name] = mark
        attributes[name] = value == .null ? nil : value
    }
}

extension AcceptedEvent {
    /// The company that a trusted group call names.
    var companyKey: Companies.Key? {
        guard call == .group, trust != .publicKey, let company = try? company else { return nil }
        return Companies.Key(workspace: workspace, company: company)
    }
}
