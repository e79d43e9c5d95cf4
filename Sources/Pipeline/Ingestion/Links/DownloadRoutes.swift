import Contracts
import HTTPTypes
import Hummingbird
import Links
import Model
import NIOCore
import Transit
import Workspaces

/// `GET /d/TOKEN`: what a form gave, for as long as the link holds. The first fetch of a submission's link becomes `Asset
/// Downloaded`; what a mail program or a download manager fetches again counts as the same.
struct DownloadRoutes: Sendable {
    let signer: LinkSigner
    let groups: EventGroups
    let definitions: LiveDefinitions
    /// Of the files, by workspace: `FOLDER/WORKSPACE/FILE`; nil where none are served.
    let folder: String?

    func add(to router: Router<EdgeContext>) {
        router.get("d/:token") { request, context in try await answer(request, context, counts: true) }
        router.head("d/:token") { request, context in
            try await answer(request, context, counts: false).createHeadResponse()
        }
    }

    private func answer(_ request: Request, _ context: EdgeContext, counts: Bool) async throws -> Response {
        guard let token = context.parameters.get("token"),
            case .download(let origin, let name, let expiresAt)? = try? signer.verify(token, .download)
        else { return Pages.notFound }
        guard groups.clock.now < expiresAt else { return Pages.expired }
        let workspace = try await definitions.workspace(origin.contact.workspace)
        guard let workspace, let content = workspace.content(named: name) else { return Pages.notFound }
        let response = try await give(content, of: workspace, context)
        if counts { note(origin, content) }
        return response
    }

    private func give(_ content: GatedContent, of workspace: Workspace, _ context: EdgeContext) async throws -> Response
    {
        switch content.target {
        case .url(let url):
            return Response(
                status: .found, headers: [.location: url, .referrerPolicy: "no-referrer", .cacheControl: "no-store"])
        case .file(let name):
            guard let folder else { return Pages.notFound }
            // Both are names of letters, digits, "-", "_" and ".", and begin with none of the last three.
            let path = "\(folder)/\(workspace.name)/\(name)"
            guard let body = try? await FileIO().loadFile(path: path, context: context) else { return Pages.notFound }
            return Response(
                status: .ok,
                headers: [
                    .contentType: "application/octet-stream", .contentDisposition: "attachment; filename=\"\(name)\"",
                    .cacheControl: "private, no-store", .xContentTypeOptions: "nosniff", .referrerPolicy: "no-referrer",
                ], body: body)
        }
    }

    /// Without waiting, as with a click.
    private func note(_ origin: LinkOrigin, _ content: GatedContent) {
        let properties: [String: JSON] = [
            "content": .string(content.name), "submission_id": .string(origin.message.description),
        ]
        let event = AcceptedEvent(
            workspace: origin.contact.workspace,
            eventID: UniqueID.derived("loods.download", origin.message.description, content.name).description,
            call: .track, subject: .id(origin.contact.contact), name: EventNames.assetDownloaded, sentTime: nil,
            at: .distantPast, receivedAt: .distantPast, trust: .system, properties: JSON.object(properties).serialized)
        _ = groups.offer(DraftEvent(event: event, occurrence: .onReceipt))
    }
}
