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
    /// How contacts have reacted of late, where a sunset asks.
    private(set) var engagements: [ContactKey: Engagement] = [:]
    /// The runs that have ended before their last step: what was planned for them is not sent any more.
    private(set) var ended: Set<UniqueID> = []

    /// - Parameters:
    ///   - own: the definitions of the messages' own revisions, which count where the live ones cannot be read.
    ///   - consents: of the messages' contacts.
    init(
        _ messages: [Message], _ own: [GateDesk.RevisionKey: Workspace], _ definitions: DefinitionsCache,
        consents: [ContactKey: [Consents.Entry]], now: Timestamp, in session: PostgresSession
    ) throws {
        live = try definitions.live(Set(messages.map(\.contact.workspace)), in: session)
        let marketing = messages.filter { $0.topic != nil }
        guard !marketing.isEmpty else { return }
        ended = try Runs.endedEarly(among: marketing.map { ($0.contact, $0.run) }, in: session)
        var memories: [ContactKey: Span] = [:]
        var asked: Set<Sales.Question> = []
        var signs: [ContactKey: Set<String>] = [:]
        for message in marketing {
            let workspace = live[message.contact.workspace] ?? own[GateDesk.RevisionKey(message)]
            if let event = message.topic.flatMap({ workspace?.policy.saleEvent(of: $0) }) {
                asked.insert(Sales.Question(contact: message.contact, event: event))
            }
            if message.channel == .email, let sunset = workspace?.policy.sunset {
                signs[message.contact] = sunset.signs
            }
            guard let memory = workspace?.policy.memory else { continue }
            memories[message.contact] = max(memories[message.contact] ?? memory, memory)
        }
        sales = try Sales.latest(asked, now: now, in: session)
        let questions = signs.sorted { $0.key < $1.key }.map { contact, signs in
            Engagements.Question(contact: contact, signs: signs, knownSign: consents[contact]?.lastYes)
        }
        engagements = try Engagements.load(of: questions, now: now, in: session).mapValues {
            Engagement(lastSign: $0.lastSign, mails: $0.mails, firstMail: $0.firstMail)
        }
        let counted = memories.sorted { $0.key < $1.key }.map { (contact: $0.key, since: now - $0.value) }
        sends = try RecentSends.load(of: counted, now: now, in: session).mapValues { sends in
            sends.map { PastSend(topic: $0.topic, at: $0.at, name: $0.name) }
        }
    }
}
