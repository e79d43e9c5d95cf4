import Contracts
import Expressions
import Model
import Store
import Workspaces

/// One contact while a batch is applied to it: rules see each event in its turn.
struct Person {
    private(set) var state: Contacts.State
    private(set) var isChanged = false
    private(set) var addends: [ScoreSums.Row] = []
    private(set) var reached: [Stages.Reached] = []
    private(set) var ledger: [Consents.Entry] = []

    private var consents: [Consents.Entry]
    private var facts: ContactFacts
    private let places: [HistoryPosition]
    /// The last place of what was known before the batch, where an event of the batch may come late.
    private var known: HistoryPosition?
    private let workspace: Workspace

    init(
        state: Contacts.State, consents: [Consents.Entry], sums: [ScoreSums.Row], history: [HistoryEvent],
        workspace: Workspace, revision: Int32, now: Timestamp
    ) {
        self.state = state
        self.consents = consents
        self.workspace = workspace
        places = history.map(\.position)
        facts = ContactFacts(
            workspace, now: now, contact: .object(state.attributes), stage: state.stage,
            sums: sums.reduce(into: [:]) { $0[$1.model, default: [:]][$1.epoch] = $1.amount },
            history: History(history))
        if state.evaluatedRevision != revision {
            self.state.evaluatedRevision = revision
            isChanged = true
        }
        facts.consents = consentedTopics
    }

    /// Makes known which events the batch brings; the history holds them already.
    mutating func expect(_ fresh: Set<HistoryPosition>) {
        known = places.filter { !fresh.contains($0) }.max()
    }

    /// Takes the stage that a contact held which has merged into this one, where it is further.
    mutating func take(stage held: String) {
        func place(_ name: String?) -> Int { workspace.stages.firstIndex { $0.name == name } ?? -1 }
        guard place(held) > place(state.stage) else { return }
        state.stage = held
        facts.stage = held
        isChanged = true
    }

    /// Applies one event.
    ///
    /// A late one is seen together with what was known before it came: a condition that holds only by all of them is met
    /// now, and at the place of the last.
    ///
    /// - Returns: the stage reached with it.
    mutating func apply(_ event: AcceptedEvent) throws -> Stages.Reached? {
        let properties = try JSON(parsing: event.properties)
        let context = try JSON(parsing: event.context)
        setAttributes(event, properties: properties, context: context)
        recordConsent(event, properties: properties)
        addPoints(event, properties: properties)
        let place = max(event.position, known ?? event.position)
        facts.history.upTo = place
        return advance(at: place)
    }

    // MARK: Attributes

    private mutating func setAttributes(_ event: AcceptedEvent, properties: JSON, context: JSON) {
        let traits = event.call == .identify ? properties : context["traits"] ?? .null
        guard let traits = traits.object, mayDescribe(event) else { return }
        let mark = Contacts.AttributeMark(
            at: event.at, eventID: event.eventID, isTrusted: event.trust != .publicKey)
        for (name, value) in traits where event.trust != .publicKey || name != "email" {
            if let held = state.marks[name], mark <= held { continue }
            state.marks[name] = mark
            state.attributes[name] = value == .null ? nil : value
            isChanged = true
        }
        facts.contact = .object(state.attributes)
        facts.consents = consentedTopics
    }

    /// A public key describes only those that nobody knows yet: no address, and not merged into somebody.
    private func mayDescribe(_ event: AcceptedEvent) -> Bool {
        guard event.trust == .publicKey else { return true }
        guard case .identity(let identity) = event.subject else { return false }
        return identity.kind == .anonymous && event.subjectID == state.key.contact && state.address == nil
    }

    // MARK: Consent

    private mutating func recordConsent(_ event: AcceptedEvent, properties: JSON) {
        guard event.trust != .publicKey, let given = consentState(event.name),
            let topic = properties["topic"]?.string
        else { return }
        let entry = Consents.Entry(
            contact: state.key, topic: topic, channel: properties["channel"]?.string ?? "email",
            address: properties["address"]?.string ?? "", at: event.at, eventID: event.eventID, state: given,
            wording: properties["wording"]?.string,
            source: properties["source"]?.string ?? (event.trust == .system ? "system" : "server"))
        ledger.append(entry)
        let standing = consents.firstIndex { $0.sameMatter(as: entry) }
        if let standing, entry.yields(to: consents[standing]) { return }
        if let standing { consents.remove(at: standing) }
        consents.append(entry)
        facts.consents = consentedTopics
    }

    private func consentState(_ name: String) -> Consents.Entry.State? {
        switch name {
        case EventNames.consentGiven: .given
        case EventNames.consentWithdrawn: .withdrawn
        default: nil
        }
    }

    private var consentedTopics: Set<String> { consents.topics(givenAt: state.address) }

    /// The withdrawals of this batch that hold at its end, and so stop what is planned.
    var withdrawals: [Consents.Entry] { ledger.filter { $0.state == .withdrawn && consents.contains($0) } }

    // MARK: Scores and stages

    private mutating func addPoints(_ event: AcceptedEvent, properties: JSON) {
        let seen = HistoryEvent(at: event.at, eventID: event.eventID, name: event.name, properties: properties)
        for model in workspace.scores {
            guard let (epoch, amount) = model.contribution(of: seen) else { continue }
            addends.append(
                ScoreSums.Row(contact: state.key, model: model.name, epoch: epoch, amount: amount))
            facts.sums[model.name, default: [:]][epoch, default: 0] += amount
        }
    }

    private mutating func advance(at place: HistoryPosition) -> Stages.Reached? {
        guard let stage = workspace.stage(of: facts, before: state.stage)?.name, stage != state.stage else {
            return nil
        }
        let step = Stages.Reached(
            contact: state.key, stage: stage, previous: state.stage, at: place.at, eventID: place.eventID ?? "")
        reached.append(step)
        state.stage = stage
        facts.stage = stage
        isChanged = true
        return step
    }
}

extension Consents.Entry {
    fileprivate func sameMatter(as other: Consents.Entry) -> Bool {
        topic == other.topic && channel == other.channel && address == other.address
    }

    /// Whether another entry on the same matter holds rather than this one: the later, of two at one instant the
    /// withdrawal, and this one itself where it stands already.
    fileprivate func yields(to other: Consents.Entry) -> Bool {
        if at != other.at { return at < other.at }
        if state != other.state { return other.state == .withdrawn }
        return true
    }
}
