import Expressions
import JourneyProgram
import Model
import Postgres
import Scores
import ServiceRuntime
import Store
import Transit
import Workspaces

/// A contact as the store holds it, with the definitions by which to understand it.
struct ContactPortrait: Sendable {
    let story: Story
    /// As conditions see it: its attributes, and its company's.
    let attributes: JSON
    /// The live definitions; nil before the first apply.
    let definitions: Workspace?
    /// What the steps of the contact's runs say in their files, by journey and version.
    let scripts: [RunVersion: JourneyScript]
    /// Journeys whose runs stand still, and since when.
    let paused: [String: Timestamp]
    let workspaceName: String
    let now: Timestamp
    /// What gave points, in order; empty where no events were asked for.
    private let history: [HistoryEvent]

    struct RunVersion: Hashable {
        var journey: String
        var version: Int32
    }

    /// The contact that `text` names: an e-mail, a user id, an anonymous id or a contact's id.
    init(_ text: String, in entry: WorkspaceRegister.Entry, eventLimit: Int32, session: PostgresSession) throws {
        let contact = try ContactDirectory.only(text, in: entry, session: session)
        guard let story = try Story.load(of: contact, eventLimit: eventLimit, in: session) else {
            throw ExitFault(code: .failures, message: "contact \(contact.contact) is gone")
        }
        self.story = story
        let companies = try Companies.attributes(ofCompaniesOf: [story.state], in: session)
        attributes = story.state.seen(with: companies[entry.id])
        workspaceName = entry.name
        paused = try Pauses.standings(of: entry.id, in: session).compactMapValues(\.pausedAt)
        now = try DomainClock.read(in: session)
        let cache = DefinitionsCache()
        definitions = entry.revision > 0 ? try cache.workspace(entry.id, revision: entry.revision, in: session) : nil
        var scripts: [RunVersion: JourneyScript] = [:]
        for run in story.runs {
            let key = RunVersion(journey: run.journey, version: run.journeyVersion)
            guard scripts[key] == nil else { continue }
            let revision = try cache.revision(
                of: run.journey, version: run.journeyVersion, in: entry.id, session: session)
            let files = try Definitions.files(of: entry.id, revision: revision, in: session)
            let published = try cache.workspace(entry.id, revision: revision, in: session)
            guard let definition = published.journey(named: run.journey) else { continue }
            scripts[key] = JourneyScript(
                files[definition.file] ?? "", goalWithin: definition.journey.goal?.within)
        }
        self.scripts = scripts
        let names = definitions?.scores.reduce(into: Set<String>()) { $0.formUnion($1.mentionedEvents) } ?? []
        history =
            eventLimit > 0
            ? try EventLog.history(of: [contact], names: names, context: true, in: session)[contact]?.events ?? []
            : []
    }

    var zone: LocalZone { definitions?.zone ?? .utc }

    /// How people speak of the contact: its address, else its strongest name, else its id.
    var title: String {
        story.state.address ?? story.identities.min { $0.kind < $1.kind }?.value ?? story.contact.contact.description
    }

    /// The persona; nil in a workspace without any.
    var persona: String? { story.persona?.persona ?? definitions?.personas.fallback }

    /// Where each score comes from; none of whoever objects to profiling.
    var accounts: [ScoreAccount] {
        guard !story.state.objects else { return [] }
        return (definitions?.scores ?? []).map { model in
            ScoreAccount(
                model, balance: story.balances[model.name] ?? ScoreBalance(), of: history,
                contact: attributes, now: now)
        }
    }

    /// Each score's value now, and what its range is called; none of whoever objects to profiling.
    var scores: [(name: String, value: Double, band: String?)] {
        guard let definitions, !story.state.objects else { return [] }
        let facts = ContactFacts(definitions, now: now, contact: attributes, balances: story.balances)
        return definitions.scores.map { ($0.name, facts.score($0.name), facts.band(ofScore: $0.name).name) }
    }

    /// The company it belongs to, as conditions see it; nil for none.
    var company: [String: JSON]? { story.state.membership?.company.flatMap { _ in attributes["company"]?.object } }

    /// The line that holds for each matter of consent.
    var consents: [Consents.Entry] {
        story.consents.reduce(into: []) { $0.take($1) }.sorted { ($0.topic, $0.address) < ($1.topic, $1.address) }
    }
}
