import Contracts
import HTTPTypes
import Hummingbird
import Links
import Logging
import Model
import NIOCore
import Store
import Workspaces

/// `GET /confirm/TOKEN` shows what is asked, `POST /confirm/TOKEN` confirms it: the second half of a double opt-in.
///
/// Following the link changes nothing, as with unsubscribing: gateways open all links of a mail before anybody reads it.
struct ConfirmationRoutes: Sendable {
    let signer: LinkSigner
    let gate: Gatekeeper
    let groups: EventGroups
    let definitions: LiveDefinitions
    let lookup: ConsentLookup
    let logger: Logger

    func add(to router: Router<EdgeContext>) {
        router.get("confirm/:token") { request, context in await show(request, context) }
        router.head("confirm/:token") { request, context in await show(request, context).createHeadResponse() }
        router.post("confirm/:token") { request, context in await confirm(request, context) }
    }

    private func link(_ context: EdgeContext) -> (origin: LinkOrigin, topic: String, language: String)? {
        guard let token = context.parameters.get("token"),
            case .confirm(let origin, let topic, let language)? = try? signer.verify(token, .confirm)
        else { return nil }
        return (origin, topic, language)
    }

    private func show(_ request: Request, _ context: EdgeContext) async -> Response {
        guard let (origin, topic, language) = link(context) else { return Pages.notFound }
        let words = PageWords(mailedIn: language, request)
        return Pages.confirmation(of: await wording(of: topic, origin, words), words)
    }

    /// What was asked, in the words that the ledger will say were confirmed: those of now may be others. The page does not hang
    /// on the store.
    private func wording(of topic: String, _ origin: LinkOrigin, _ words: PageWords) async -> String {
        if let ledger = (try? await lookup.find(origin)) ?? nil, case .open(let asked) = ledger.request(for: topic),
            let wording = asked.wording
        {
            return wording
        }
        let known = (try? await definitions.workspace(origin.contact.workspace))??.topic(named: topic)
        return known?.wording(in: words.language)?.text ?? topic
    }

    private func confirm(_ request: Request, _ context: EdgeContext) async -> Response {
        guard let (origin, topic, language) = link(context) else { return Pages.notFound }
        let words = PageWords(mailedIn: language, request)
        do {
            guard let ledger = try await lookup.find(origin) else { return Pages.notFound }
            switch ledger.request(for: topic) {
            case .confirmed: return Pages.confirmed(words)
            case .over: return Pages.requestIsOver(words)
            case .open(let asked):
                let evidence = Evidence(request, from: gate.visit(request, from: context.peer).client)
                let event = AcceptedEvent(confirming: asked, at: ledger, by: origin, evidence)
                try await groups.submit([DraftEvent(event: event, occurrence: .onReceipt)])
                return Pages.confirmed(words)
            }
        } catch {
            logger.warning("a confirmation could not be recorded", metadata: ["reason": "\(error)"])
            return Pages.tryAgain(words)
        }
    }
}
