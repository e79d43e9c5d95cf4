import HTTPTypes
import Hummingbird
import Links
import Logging
import Model
import NIOCore
import Workspaces

/// `GET /u/TOKEN` shows, `POST /u/TOKEN` acts: from the page's button, or in one click (RFC 8058).
///
/// `?l=nl` is the mail's language. It is not signed, as all that it does is to choose the page's words.
struct UnsubscribeRoutes: Sendable {
    let signer: LinkSigner
    let definitions: LiveDefinitions
    let desk: WithdrawalDesk
    let logger: Logger

    /// A form holds one field; whoever sends more means something else.
    private static let formLimit = 16_384

    func add(to router: Router<EdgeContext>) {
        router.get("u/:token") { request, context in await show(request, context) }
        router.head("u/:token") { request, context in await show(request, context).createHeadResponse() }
        router.post("u/:token") { request, context in try await act(request, context) }
    }

    private func link(_ context: EdgeContext) -> (origin: LinkOrigin, topic: String)? {
        guard let token = context.parameters.get("token"),
            case .unsubscribe(let origin, let topic)? = try? signer.verify(token, .unsubscribe)
        else { return nil }
        return (origin, topic)
    }

    /// Changes nothing: scanners follow links, and some press no buttons but run scripts.
    private func show(_ request: Request, _ context: EdgeContext) async -> Response {
        let words = words(request)
        guard let (origin, topic) = link(context) else { return Pages.notFound(words) }
        return Pages.leaving(await title(of: topic, origin, words), words)
    }

    private func words(_ request: Request) -> PageWords {
        PageWords(mailedIn: request.uri.queryParameters["l"].map(String.init) ?? "", request)
    }

    /// As the page of preferences names it; the page does not hang on the store.
    private func title(of topic: String, _ origin: LinkOrigin, _ words: PageWords) async -> String {
        let known = (try? await definitions.workspace(origin.contact.workspace))??.topic(named: topic)
        return known?.title?.said(in: words.language).text ?? topic
    }

    private func act(_ request: Request, _ context: EdgeContext) async throws -> Response {
        let words = words(request)
        guard let (origin, topic) = link(context) else { return Pages.notFound(words) }
        var request = request
        let body = try await request.collectBody(upTo: Self.formLimit)
        guard let form = UnsubscribeForm(body.readableBytesView, type: request.headers[.contentType] ?? "") else {
            throw EdgeError(.malformed, "the body is neither the page's form nor List-Unsubscribe=One-Click")
        }
        do {
            let outcome = try await desk.withdraw(origin, topic: topic, means: form.rawValue)
            switch form {
            case .page: return Pages.left(await title(of: topic, origin, words), outcome, words)
            case .oneClick:
                return Response(
                    status: .ok, headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store"],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: "\(outcome.rawValue)\n")))
            }
        } catch {
            logger.error("a withdrawal could be neither applied nor recorded", metadata: ["reason": "\(error)"])
            return Pages.tryAgain(words)
        }
    }
}

/// By which means somebody withdraws.
enum UnsubscribeForm: String {
    case page
    case oneClick = "one-click"

    /// Reads `List-Unsubscribe=One-Click` or the page's `confirm=yes`, as `application/x-www-form-urlencoded` or as
    /// `multipart/form-data` (RFC 7578). Nil for anything else.
    ///
    /// - Parameter type: whatever it says besides multipart, the body is read as the other: a withdrawal must not fail by
    ///   what a mail program calls it.
    init?(_ body: some Collection<UInt8>, type: String) {
        let isInParts = type.lowercased().hasPrefix("multipart/form-data")
        guard
            let form = try? FormBody(Array(body), type: isInParts ? type : "application/x-www-form-urlencoded")
        else { return nil }
        let fields = form.fields.map { (name: $0.name, value: $0.value.filter { !$0.isNewline }) }
        if fields.contains(where: { $0.name.lowercased() == "list-unsubscribe" && $0.value.lowercased() == "one-click" }
        ) {
            self = .oneClick
        } else if fields.contains(where: { $0.name == "confirm" && $0.value == "yes" }) {
            self = .page
        } else {
            return nil
        }
    }
}
