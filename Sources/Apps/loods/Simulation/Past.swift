import Expressions
import Model
import Postgres
import Simulation
import Store
import Workspaces

/// A real contact with what the log knows of them, made ready to be played.
struct Past: Sendable {
    var contact: PlayedContact
    var events: [PlayedEvent]
    var name: Name

    /// What a contact is called.
    struct Name: Sendable {
        var id: String
        var email: String?

        /// For people.
        var shown: String { Console.safe(email ?? id) }
    }

    /// What describes contacts and their consents is played whether something mentions it or not.
    static let alwaysAsked = EventNames.consents.union([EventNames.identified])

    /// What journeys brought about themselves: a play brings it about anew.
    static let ownOutcomes: Set<String> = [
        EventNames.emailSent, EventNames.emailRefused, EventNames.emailSkipped, EventNames.emailUnknown,
        EventNames.stageGiven, EventNames.pointsGiven, EventNames.webhookDelivered, EventNames.webhookFailed,
        EventNames.teamNotified,
        EventNames.notificationFailed, EventNames.postcardSent, EventNames.postcardSkipped, EventNames.postcardFailed,
    ]

    /// The pasts of contacts in the order of their ids.
    ///
    /// - Parameter sales: the events that say that a contact has bought.
    static func load(
        of workspace: WorkspaceID, names: Set<String>, sales: Set<String>, after: UniqueID?, limit: Int32,
        in session: PostgresSession
    ) throws -> [Past] {
        let contacts = try ContactDirectory.list(of: workspace, after: after, limit: limit, in: session).map(\.contact)
        let states = try Contacts.states(of: contacts, in: session)
        let consents = try Consents.current(of: contacts, in: session)
        let histories = try EventLog.history(of: contacts, names: names, context: true, in: session)
        let addresses = states.values.compactMap { state in
            state.address.map { (workspace: workspace, address: $0) }
        }
        // As it is now: what is known of a company comes of others' events too.
        let companies = try Companies.attributes(ofCompaniesOf: states.values, in: session)[workspace]
        let suppressions = try Suppressions.reasons(of: addresses, in: session)[workspace] ?? [:]
        let bought = try Sales.all(of: contacts, names: sales, in: session)
        return contacts.map { key in
            let events = (histories[key]?.events ?? []).map { event -> PlayedEvent in
                let describes = event.name == EventNames.identified
                var played = PlayedEvent(event, traits: describes ? event.properties.object ?? [:] : [:])
                played.isTrusted =
                    !sales.contains(event.name)
                    || bought.contains(Sales.Sale(contact: key, event: event.name, at: event.at))
                return played
            }
            var contact = PlayedContact(name: key.contact.description)
            contact.id = key.contact
            let told = Set(events.flatMap(\.traits.keys))
            contact.attributes = (states[key]?.seen(with: companies).object ?? [:]).filter { !told.contains($0.key) }
            let decided = Set(
                events.compactMap { event in
                    EventNames.consents.contains(event.event.name) ? event.event.properties["topic"]?.string : nil
                })
            contact.consents = (consents[key] ?? []).filter { $0.state == .given }.map(\.topic).filter {
                !decided.contains($0)
            }
            contact.refusals = (consents[key] ?? []).topicsRefused.subtracting(contact.consents).sorted().filter {
                !decided.contains($0)
            }
            let address = states[key]?.address?.comparedAddress
            contact.suppressions = [address.flatMap { suppressions[$0] }].compactMap(\.self)
            let email = states[key]?.seen(with: companies)["email"]?.string
            return Past(
                contact: contact, events: events, name: Name(id: key.contact.description, email: email))
        }
    }
}
