import Contracts
import HTTPTypes
import Hummingbird
import Links
import Model
import NIOCore
import Store

/// `GET /c/TOKEN` and `GET /o/TOKEN`: clicks and opens, answered from the token alone; `/o/` and `/l/` also show and follow
/// what is chosen when a mail is opened. `/a/` and `/p/` are clicks and opens of readers who are not known by them.
struct LinkRoutes: Sendable {
    let signer: LinkSigner
    let groups: EventGroups
    let clicks: ClickDesk
    /// Nil where nothing is counted in sum.
    let sums: CountDesk?
    let clients: ClientFacts
    let live: LiveRoutes

    private static let pixel: [UInt8] = [
        0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 0x01, 0x00, 0x01, 0x00, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF,
        0xFF, 0x21, 0xF9, 0x04, 0x01, 0x00, 0x00, 0x00, 0x00, 0x2C, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00,
        0x00, 0x02, 0x01, 0x44, 0x00, 0x3B,
    ]

    func add(to router: Router<EdgeContext>) {
        router.get("c/:token") { request, context in click(request, context, counts: true) }
        router.head("c/:token") { request, context in
            click(request, context, counts: false).createHeadResponse()
        }
        router.get("o/:token") { request, context in await show(request, context, counts: true) }
        router.head("o/:token") { request, context in
            await show(request, context, counts: false).createHeadResponse()
        }
        router.get("a/:token") { request, context in clickInSum(request, context, counts: true) }
        router.head("a/:token") { request, context in
            clickInSum(request, context, counts: false).createHeadResponse()
        }
        router.get("p/:token") { request, context in openInSum(request, context, counts: true) }
        router.head("p/:token") { request, context in
            openInSum(request, context, counts: false).createHeadResponse()
        }
        router.get("l/:token") { request, context in await follow(request, context, counts: true) }
        router.head("l/:token") { request, context in
            await follow(request, context, counts: false).createHeadResponse()
        }
    }

    private func click(_ request: Request, _ context: EdgeContext, counts: Bool) -> Response {
        guard let token = context.parameters.get("token"),
            case .click(let origin, let destination)? = try? signer.verify(token, .click)
        else { return Pages.notFound }
        if counts { noteClick(on: destination, origin, request) }
        return lead(to: destination)
    }

    private func lead(to destination: String) -> Response {
        Response(
            status: .found,
            headers: [.location: destination, .referrerPolicy: "no-referrer", .cacheControl: "no-store"])
    }

    private func clickInSum(_ request: Request, _ context: EdgeContext, counts: Bool) -> Response {
        guard let token = context.parameters.get("token"),
            case .countedClick(let origin, let mail, let destination)? = try? signer.verify(token, .countedClick)
        else { return Pages.notFound }
        if counts { count(.click, of: mail, origin, request) }
        return lead(to: destination)
    }

    private func openInSum(_ request: Request, _ context: EdgeContext, counts: Bool) -> Response {
        if counts, let token = context.parameters.get("token"),
            case .countedOpen(let origin, let mail)? = try? signer.verify(token, .countedOpen)
        {
            count(.open, of: mail, origin, request)
        }
        return pixel
    }

    private func count(_ kind: MailCounts.Kind, of mail: CountedMail, _ origin: LinkOrigin, _ request: Request) {
        sums?.take(kind, of: mail, in: origin.contact.workspace, by: visit(request))
    }

    /// An image that is chosen now, or the pixel.
    private func show(_ request: Request, _ context: EdgeContext, counts: Bool) async -> Response {
        if let token = context.parameters.get("token"), let image = await live.image(token, request, context) {
            return image
        }
        return open(request, context, counts: counts)
    }

    /// A link whose destination is chosen now; it is the reader's click where they consented to that.
    private func follow(_ request: Request, _ context: EdgeContext, counts: Bool) async -> Response {
        guard let token = context.parameters.get("token"),
            let (origin, mail, url) = await live.destination(token, request, context)
        else { return Pages.notFound }
        if counts {
            if let mail { count(.click, of: mail, origin, request) }
            if !origin.isNobody { noteClick(on: url, origin, request) }
        }
        return LiveRoutes.lead(to: url)
    }

    /// A token that is none of ours gets the pixel too: there is nobody to read an error.
    private func open(_ request: Request, _ context: EdgeContext, counts: Bool) -> Response {
        if counts, let token = context.parameters.get("token"),
            case .open(let origin)? = try? signer.verify(token, .open)
        {
            note(event(EventNames.emailOpened, origin, [:], request).made(by: visit(request)))
        }
        return pixel
    }

    private var pixel: Response {
        Response(
            status: .ok,
            headers: [.contentType: "image/gif", .cacheControl: "no-store", .referrerPolicy: "no-referrer"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: Self.pixel)))
    }

    private func visit(_ request: Request) -> Visit { Visit(request) { clients.isRobot($0) } }

    private func noteClick(on destination: String, _ origin: LinkOrigin, _ request: Request) {
        let click = event(EventNames.emailClicked, origin, ["url": .string(destination)], request)
        let visit = visit(request)
        guard visit == .human else { return note(click.made(by: visit)) }
        // Awaited by nobody: the reader's way on does not wait for what is made of it.
        Task { [clicks] in await clicks.take(click, on: destination, of: origin.message) }
    }

    /// Without waiting: the reader's way on does not depend on the broker.
    private func note(_ event: AcceptedEvent) { _ = groups.offer(DraftEvent(event: event, occurrence: .onReceipt)) }

    private func event(
        _ name: String, _ origin: LinkOrigin, _ more: [String: JSON], _ request: Request
    ) -> AcceptedEvent {
        var properties = more
        properties["message_id"] = .string(origin.message.description)
        if let agent = request.headers[.userAgent] { properties["user_agent"] = .string(String(agent.prefix(255))) }
        return AcceptedEvent(
            workspace: origin.contact.workspace, eventID: UniqueID.random().description, call: .track,
            subject: .id(origin.contact.contact), name: name, sentTime: nil, at: .distantPast,
            receivedAt: .distantPast, trust: .system, properties: JSON.object(properties).serialized)
    }
}
