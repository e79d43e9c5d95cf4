import Contracts
import HTTPTypes
import Hummingbird
import Links
import Model
import Workspaces

/// `GET /o/TOKEN` and `GET /l/TOKEN` of content that is chosen when a mail is opened: the image, and where it leads.
///
/// The image is no open: mail programs fetch it for whoever it may be. What fetches for no reader in particular (proxies of
/// mail providers, scanners) gets the fallback, since its device and place are not the reader's.
struct LiveRoutes: Sendable {
    let signer: LinkSigner
    let definitions: LiveDefinitions
    let sources: LiveSources
    let clients: ClientFacts
    let gate: Gatekeeper
    let now: @Sendable () -> Timestamp

    /// Where the image is; nil for a token of another kind.
    func image(_ token: String, _ request: Request, _ context: EdgeContext) async -> Response? {
        guard case .liveImage(let origin, let content)? = try? signer.verify(token, .liveImage) else { return nil }
        let shown = await shown(content, of: origin.contact.workspace, request, context)
        return Self.lead(to: shown?.image ?? content.fallback)
    }

    /// Where the link leads, with whose click it is, or of which step's mail one is counted; nil for a token of another kind.
    func destination(
        _ token: String, _ request: Request, _ context: EdgeContext
    ) async -> (origin: LinkOrigin, mail: CountedMail?, url: String)? {
        let (origin, mail, content): (LinkOrigin, CountedMail?, LiveContent)
        if case .liveLink(let reader, let live)? = try? signer.verify(token, .liveLink) {
            (origin, mail, content) = (reader, nil, live)
        } else if case .countedLive(let nobody, let counted, let live)? = try? signer.verify(token, .countedLive) {
            (origin, mail, content) = (nobody, counted, live)
        } else {
            return nil
        }
        let shown = await shown(content, of: origin.contact.workspace, request, context)
        return (origin, mail, shown?.link ?? content.fallback)
    }

    static func lead(to url: String) -> Response {
        Response(
            status: .found,
            headers: [.location: url, .referrerPolicy: "no-referrer", .cacheControl: "no-store, max-age=0"])
    }

    /// Nil where the definitions have no such block any more, or cannot be read.
    private func shown(
        _ content: LiveContent, of workspace: WorkspaceID, _ request: Request, _ context: EdgeContext
    ) async -> LiveBlock.Content? {
        guard let workspace = try? await definitions.workspace(workspace),
            let block = workspace.emails[content.email]?.live.first(where: { $0.name == content.block })
        else { return nil }
        switch Visit(request, isRobot: { clients.isRobot($0) }) {
        case .prefetch, .scanner: return block.fallback
        case .human, .unknown: break
        }
        let place = gate.visit(request, from: context.peer).client.flatMap { clients.place(of: $0) }
        var opening = Opening(
            now: now(), device: clients.device(of: request.headers[.userAgent] ?? "") ?? "",
            place: place?.known ?? [:], zone: place?.timeZone.flatMap { LocalZone($0) } ?? workspace.zone,
            language: content.language?.description ?? "")
        if block.asksSource, let source = block.source {
            opening.live = await sources.value(of: source) ?? .object([:])
        }
        var shown = block.content(for: opening)
        shown.link = shown.link ?? block.fallback.link
        return shown
    }
}

extension PlaceDatabase.Place {
    /// As rules see it.
    fileprivate var known: [String: JSON] {
        ["country": country, "region": region, "city": city].compactMapValues { $0.map { .string($0) } }
    }
}
