import Model
import Postgres
import SendGate
import Store
import Transit
import Workspaces

/// What the gate asks of marketing beyond consent, for the messages of one claim; read under the contacts' locks.
struct MarketingRules {
    /// The definitions that are live: what they say of marketing and of the sender's domains holds for messages of every
    /// revision.
    private(set) var live: [WorkspaceID: Workspace] = [:]
    /// What contacts have had, as far back as caps look.
    private(set) var sends: [ContactKey: [PastSend]] = [:]
    /// When contacts last bought, by the events that topics rest on.
    private(set) var sales: [ContactKey: [String: Timestamp]] = [:]
    /// The runs that have ended before their last step: what was planned for them is not sent any more.
    private(set) var ended: Set<UniqueID> = []

    /// - Parameter own: the definitions of the messages' own revisions, which count where the live ones cannot be read.
    init(
        _ messages: [Message], _ own: [GateDesk.RevisionKey: Workspace], _ definitions: DefinitionsCache,
        now: Timestamp, in session: PostgresSession
    ) throws {
        live = try definitions.live(Set(messages.map(\.contact.workspace)), in: session)
        let marketing = messages.filter { $0.topic != nil }
        guard !marketing.isEmpty else { return }
        ended = try Runs.endedEarly(among: marketing.map { ($0.contact, $0.run) }, in: session)
        var memories: [ContactKey: Span] = [:]
        var asked: Set<Sales.Question> = []
        for message in marketing {
            let workspace = live[message.contact.workspace] ?? own[GateDesk.RevisionKey(message)]
            if let event = message.topic.flatMap({ workspace?.policy.saleEvent(of: $0) }) {
                asked.insert(Sales.Question(contact: message.contact, event: event))
            }
            guard let memory = workspace?.policy.memory else { continue }
            memories[message.contact] = max(memories[message.contact] ?? memory, memory)
        }
        sales = try Sales.latest(asked, now: now, in: session)
        let counted = memories.sorted { $0.key < $1.key }.map { (contact: $0.key, since: now - $0.value) }
        sends = try RecentSends.load(of: counted, now: now, in: session).mapValues { sends in
            sends.map { PastSend(topic: $0.topic, at: $0.at, name: $0.name) }
        }
    }
}
