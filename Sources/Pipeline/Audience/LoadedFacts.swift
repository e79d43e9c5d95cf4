import Contracts
import Expressions
import Model
import Postgres
import Store

/// What rules ask about the contacts of a batch, read in one statement a kind, for those who need it.
struct LoadedFacts {
    private let states: [ContactKey: Contacts.State]
    private let sums: [ContactKey: [ScoreSums.Row]]
    private let consents: [ContactKey: [Consents.Entry]]
    private let histories: [ContactKey: [HistoryEvent]]
    private let joined: Set<ContactKey>

    init(for newcomers: [Person.Newcomer], in session: PostgresSession) throws {
        func contacts(_ isMeant: (Person.Newcomer) -> Bool) -> [ContactKey] {
            newcomers.filter(isMeant).map(\.contact)
        }
        states = try Contacts.states(of: contacts(\.needsAttributes), in: session)
        joined = try Contacts.joined(of: contacts(\.isDescribedPublicly), in: session)
        sums = try ScoreSums.load(of: contacts(\.needs.scores), in: session)
        consents = try Consents.current(of: contacts(\.needsConsents), in: session)
        histories = try EventLog.history(
            of: contacts { !$0.needs.events.isEmpty },
            names: newcomers.reduce(into: Set<String>()) { $0.formUnion($1.needs.events) }, in: session)
    }

    /// The row of a contact; without attributes where nothing asks for them.
    func state(of newcomer: Person.Newcomer) -> Contacts.State {
        var state = states[newcomer.contact] ?? Contacts.State(newcomer.contact)
        state.stage = newcomer.standing.stage
        state.evaluatedRevision = newcomer.standing.evaluatedRevision
        return state
    }

    func sums(of contact: ContactKey) -> [String: [Int64: Int64]] {
        (sums[contact] ?? []).reduce(into: [:]) { $0[$1.model, default: [:]][$1.epoch] = $1.amount }
    }

    /// Whether others have merged into a contact that a public key would describe.
    func isJoined(_ contact: ContactKey) -> Bool { joined.contains(contact) }
    func consents(of contact: ContactKey) -> [Consents.Entry] { consents[contact] ?? [] }
    func history(of contact: ContactKey) -> [HistoryEvent] { histories[contact] ?? [] }
}
