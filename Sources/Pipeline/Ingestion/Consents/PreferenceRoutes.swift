import Contracts
import HTTPTypes
import Hummingbird
import Links
import Logging
import Model
import NIOCore
import Store
import Workspaces

/// `GET /preferences/TOKEN` shows what a contact has consented to, `POST /preferences/TOKEN` changes it: no login, since
/// whoever has the mail has the link.
struct PreferenceRoutes: Sendable {
    let signer: LinkSigner
    let gate: Gatekeeper
    let groups: EventGroups
    let definitions: LiveDefinitions
    let lookup: ConsentLookup
    let desk: WithdrawalDesk
    let logger: Logger

    private static let formLimit = 65_536
    private static let means = "preference page"

    /// A link, and what the page is made of.
    private struct Visit {
        let origin: LinkOrigin
        let words: PageWords
        let workspace: Workspace
    }

    func add(to router: Router<EdgeContext>) {
        router.get("preferences/:token") { request, context in try await show(request, context) }
        router.head("preferences/:token") { request, context in
            try await show(request, context).createHeadResponse()
        }
        router.post("preferences/:token") { request, context in try await change(request, context) }
    }

    private func visit(_ request: Request, _ context: EdgeContext) async throws(EdgeError) -> Visit? {
        guard let token = context.parameters.get("token"),
            case .preferences(let origin, let language)? = try? signer.verify(token, .preferences),
            let workspace = try await definitions.workspace(origin.contact.workspace)
        else { return nil }
        return Visit(origin: origin, words: PageWords(mailedIn: language, request), workspace: workspace)
    }

    private func show(_ request: Request, _ context: EdgeContext) async throws -> Response {
        guard let visit = try await visit(request, context) else { return Pages.notFound }
        do {
            guard let ledger = try await lookup.find(visit.origin) else { return Pages.notFound }
            return Pages.preferences(Preferences(visit.workspace, ledger), of: visit.workspace, visit.words, note: nil)
        } catch {
            logger.warning("preferences could not be read", metadata: ["reason": "\(error)"])
            return Pages.tryAgain(visit.words)
        }
    }

    private func change(_ request: Request, _ context: EdgeContext) async throws -> Response {
        guard let visit = try await visit(request, context) else { return Pages.notFound }
        let form = try await PreferenceForm(request, limit: Self.formLimit)
        let ledger: MailedLedger?
        do {
            ledger = try await lookup.find(visit.origin)
            if ledger == nil { return Pages.notFound }
        } catch {
            // What is taken back can be recorded without the store; what is given cannot.
            ledger = nil
        }
        let before = Preferences(visit.workspace, ledger)
        let chosen = before.chosen(form.on, of: form.shown)
        do {
            let changes =
                ledger == nil
                ? (given: [], withdrawn: chosen.choices.filter { form.refuses($0) }) : chosen.changes(from: before)
            let isApplied = try await withdraw(changes.withdrawn, visit.origin)
            if let ledger {
                let evidence = Evidence(request, from: gate.visit(request, from: context.peer).client)
                try await give(changes.given, visit, ledger, evidence)
            } else if !form.on.isEmpty {
                return Pages.tryAgain(visit.words)
            }
            let note = isApplied ? visit.words.saved : visit.words.recorded
            return Pages.preferences(chosen, of: visit.workspace, visit.words, note: note)
        } catch {
            logger.error("a choice could be neither applied nor recorded", metadata: ["reason": "\(error)"])
            return Pages.tryAgain(visit.words)
        }
    }

    /// - Returns: whether all is applied, rather than recorded for later.
    private func withdraw(_ choices: [Preferences.Choice], _ origin: LinkOrigin) async throws -> Bool {
        var isApplied = true
        for choice in choices where choice.channel == "email" {
            let outcome = try await desk.withdraw(origin, topic: choice.topic.name, means: Self.means)
            isApplied = isApplied && outcome == .applied
        }
        let topics = Set(choices.filter { $0.channel == "email" }.map(\.topic.name))
        for choice in choices where choice.channel != "email" && !topics.contains(choice.topic.name) {
            try await desk.withdraw(origin, topic: choice.topic.name, on: choice.channel, means: Self.means)
        }
        return isApplied
    }

    private func give(
        _ choices: [Preferences.Choice], _ visit: Visit, _ ledger: MailedLedger, _ evidence: Evidence
    ) async throws {
        guard !choices.isEmpty else { return }
        let drafts = choices.map { choice in
            DraftEvent(
                event: AcceptedEvent(
                    giving: choice, in: visit.words.language, at: ledger, by: visit.origin, means: Self.means, evidence),
                occurrence: .onReceipt)
        }
        try await groups.submit(drafts)
    }
}

/// What the page's form says.
struct PreferenceForm: Sendable {
    /// The choices that stood on the page.
    let shown: Set<String>
    /// Those of them that are on.
    let on: Set<String>

    /// - Throws: `EdgeError.malformed` where it is none of the page's.
    init(_ request: Request, limit: Int) async throws {
        var request = request
        let body = try await request.collectBody(upTo: limit)
        let type = request.headers[.contentType] ?? "application/x-www-form-urlencoded"
        guard let form = try? FormBody(Array(body.readableBytesView), type: type),
            let act = form.values(of: "act").last, ["save", "nothing"].contains(act)
        else { throw EdgeError(.malformed, "the body is not the page's form") }
        shown = Set(form.values(of: "shown"))
        on = act == "nothing" ? [] : Set(form.values(of: "on"))
    }

    func refuses(_ choice: Preferences.Choice) -> Bool {
        choice.channel == "email" && shown.contains(choice.name) && !on.contains(choice.name)
    }
}

extension AcceptedEvent {
    /// That somebody who read a mail at an address wants something on the page that it led to. The same choice made twice of
    /// the same page is one event.
    fileprivate init(
        giving choice: Preferences.Choice, in language: String, at ledger: MailedLedger, by origin: LinkOrigin,
        means: String, _ evidence: Evidence
    ) {
        let standing = ledger.lines.holding(at: ledger.address).first {
            $0.topic == choice.topic.name && $0.channel == choice.channel
        }
        let said = choice.topic.wording(in: language)
        var properties: [String: JSON] = [
            "topic": .string(choice.topic.name), "channel": .string(choice.channel),
            "address": .string(ledger.address), "source": .string(means),
            ConsentProof.Member.version.rawValue: .int(Int64(choice.topic.version)),
            ConsentProof.Member.messageID.rawValue: .string(origin.message.description),
            ConsentProof.Member.confirmedAt.rawValue: .string(ledger.now.description),
        ]
        properties["wording"] = said.map { .string($0.text) }
        properties[ConsentProof.Member.language.rawValue] = .string(said?.language?.description ?? language)
        let id = UniqueID.derived(
            "loods.preference", "\(origin.message)", choice.name, standing?.eventID ?? "",
            "\(standing?.at ?? .distantPast)")
        self.init(
            workspace: origin.contact.workspace, eventID: id.description, call: .track,
            subject: .id(origin.contact.contact), name: EventNames.consentConfirmed, sentTime: nil, at: .distantPast,
            receivedAt: .distantPast, trust: .system, properties: JSON.object(evidence.beside(properties)).serialized)
    }
}
