import Content
import JourneyProgram
import Model
import Postgres
import Store
import Workspaces

/// Runs under way that are to send e-mails as the new definitions word them, on the versions that they are on.
struct Rewording: Sendable {
    let journey: String
    /// The e-mails that change by it.
    private(set) var mails: Set<Successions.Mail> = []
    private(set) var runs: Int64 = 0
    private(set) var messages: Int64 = 0
    /// Why versions keep their wording.
    private(set) var warnings: [String] = []

    var changesAnything: Bool { !mails.isEmpty }
    private var versions: [Int32] { Set(mails.map(\.version)).sorted() }
    private var templates: [String] { Set(mails.map(\.template)).sorted() }

    /// - Parameters:
    ///   - live: the version that takes entries; its e-mails are those of its own revision.
    ///   - standings: of the journey, all versions.
    init(
        of journey: String, live: Int32?, to definitions: Workspace, standings: [JourneyCensus.Standing],
        orders: StandingOrders, in workspace: WorkspaceID, session: PostgresSession
    ) throws {
        self.journey = journey
        for (version, standings) in Dictionary(grouping: standings, by: \.version).sorted(by: { $0.key < $1.key })
        where version != live {
            guard let published = try PublishedJourney(journey, version, of: workspace, in: session) else { continue }
            let order = StandingOrders.Version(workspace: workspace, journey: journey, version: version)
            var emails = published.workspace.emails
            if let revision = orders.wordings[order] {
                let files = try Definitions.files(of: workspace, revision: revision, in: session)
                emails = Workspace.load(files: files).workspace?.emails ?? emails
            }
            let used = published.journey.sentTemplates.sorted()
            if let lost = used.first(where: { definitions.emails[$0]?.ground != emails[$0]?.ground }) {
                let why = definitions.emails[lost] == nil ? "is gone" : "has another topic or class"
                warnings.append("\(journey) version \(version) keeps its wording: its e-mail \(lost) \(why)")
                continue
            }
            let other = used.filter { definitions.emails[$0]?.digest != emails[$0]?.digest }
            guard !other.isEmpty else { continue }
            mails.formUnion(other.map { Successions.Mail(version: version, template: $0) })
            runs += standings.reduce(0) { $0 + $1.runs }
        }
        guard !mails.isEmpty else { return }
        messages = try Successions.rewordable(journey, mails, in: workspace, session: session)
    }

    /// In the transaction that makes the definitions live.
    func write(
        to revision: Int32, by author: String, because reason: String?, in workspace: WorkspaceID, now: Timestamp,
        _ session: PostgresSession
    ) throws {
        guard changesAnything else { return }
        let messages = try Successions.reword(journey, mails, to: revision, in: workspace, session: session)
        try Interventions.record(
            Interventions.Entry(
                kind: .content, at: now, author: author, reason: reason, revision: revision, journey: journey,
                runs: runs, messages: messages), of: workspace, in: session)
    }

    var line: String {
        """
            rewords   \(runs.counted("contact")) under way, \(messages.counted("planned mail")): \
        \(templates.joined(separator: ", "))
        """
    }

    var json: JSON {
        .object([
            "journey": .string(journey), "versions": .array(versions.map { .int(Int64($0)) }),
            "templates": .array(templates.map { .string($0) }), "runs": .int(runs), "messages": .int(messages),
        ])
    }
}
