import Contracts
import HTTPTypes
import Hummingbird
import Links
import Model
import NIOCore
import Workspaces

/// `GET /r/TOKEN` shows the rating that a link in a mail stands for, `POST /r/TOKEN` gives it.
///
/// As with unsubscribing, following the link changes nothing: scanners of mail gateways follow all links of a mail, and
/// would give every rating there is. The page has one button, which has the focus.
struct RatingRoutes: Sendable {
    let signer: LinkSigner
    let groups: EventGroups
    let definitions: LiveDefinitions

    func add(to router: Router<EdgeContext>) {
        router.get("r/:token") { _, context in try await show(context) }
        router.head("r/:token") { _, context in try await show(context).createHeadResponse() }
        router.post("r/:token") { _, context in try await give(context) }
    }

    private func link(_ context: EdgeContext) -> (origin: LinkOrigin, rating: String, value: Int32)? {
        guard let token = context.parameters.get("token"),
            case .rating(let origin, let rating, let value)? = try? signer.verify(token, .rating)
        else { return nil }
        return (origin, rating, value)
    }

    private func show(_ context: EdgeContext) async throws -> Response {
        guard let (origin, rating, value) = link(context) else { return Pages.notFound }
        // The question is there for the reader's sake; the answer does not hang on the store.
        let definition = (try? await definitions.workspace(origin.contact.workspace))??.rating(named: rating)
        return Pages.rate(
            question: definition?.question ?? rating, value: Int(value), highest: definition?.range.upperBound)
    }

    /// Giving the same value again is the same event; another one is another.
    private func give(_ context: EdgeContext) async throws -> Response {
        guard let (origin, rating, value) = link(context) else { return Pages.notFound }
        let properties: [String: JSON] = [
            "rating": .string(rating), "value": .int(Int64(value)), "message_id": .string(origin.message.description),
        ]
        let event = AcceptedEvent(
            workspace: origin.contact.workspace,
            eventID: UniqueID.derived("loods.rating", origin.message.description, rating, "\(value)").description,
            call: .track, subject: .id(origin.contact.contact), name: EventNames.ratingGiven, sentTime: nil,
            at: .distantPast, receivedAt: .distantPast, trust: .system, properties: JSON.object(properties).serialized)
        do {
            try await groups.submit([DraftEvent(event: event, occurrence: .onReceipt)])
            return Pages.rated
        } catch {
            return Pages.unavailable
        }
    }
}
