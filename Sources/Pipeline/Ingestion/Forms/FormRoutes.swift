import Contracts
import CoreMetrics
import HTTPTypes
import Hummingbird
import Links
import Model
import NIOCore
import Store
import Transit
import Workspaces

/// `POST /f/KEY/FORM`: what a form of a site is sent to, with a public key, by browsers without a script or with one.
///
/// It becomes `Form Submitted`. Who is answered as a robot is thanked like everybody else, and nothing is kept.
struct FormRoutes: Sendable {
    let keys: KeyRing
    let gate: Gatekeeper
    let groups: EventGroups
    let definitions: LiveDefinitions
    let signer: LinkSigner
    let clients: ClientFacts
    /// What an address may post, far less than it may track.
    let posts: AddressLimits
    let publicURL: String?

    private let robots = Counter(label: "loods_ingest_forms_total", dimensions: [("outcome", "robot")])
    private let faulty = Counter(label: "loods_ingest_forms_total", dimensions: [("outcome", "faulty")])
    private let submitted = Counter(label: "loods_ingest_forms_total", dimensions: [("outcome", "submitted")])

    init(
        keys: KeyRing, gate: Gatekeeper, groups: EventGroups, definitions: LiveDefinitions, signer: LinkSigner,
        clients: ClientFacts, posts: AddressLimits, publicURL: String?
    ) {
        self.keys = keys
        self.gate = gate
        self.groups = groups
        self.definitions = definitions
        self.signer = signer
        self.clients = clients
        self.posts = posts
        self.publicURL = publicURL
    }

    func add(to router: Router<EdgeContext>) {
        router.post("f/:key/:form") { request, context in
            do {
                return try await answer(request, context)
            } catch let error as EdgeError {
                return FormAnswers(request).refused(error)
            }
        }
    }

    private func answer(_ request: Request, _ context: EdgeContext) async throws -> Response {
        var visit = gate.visit(request, from: context.peer)
        try visit.count()
        let key = try await key(context, visit)
        try posts.take(visit.client, processes: gate.shared.processes)
        let workspace = try await definitions.workspace(key.workspace)
        guard let workspace, let form = workspace.form(named: context.parameters.get("form") ?? "") else {
            throw EdgeError(.notFound, "there is no form of this name")
        }
        let body = try await body(of: request)
        let answers = FormAnswers(request, form)
        switch FormEntry.read(body, as: form) {
        case .robot:
            robots.increment()
            return answers.thanks(download: nil)
        case .faulty(let faults):
            faulty.increment()
            return answers.faulty(faults)
        case .filled(let entry):
            let client = RequestClient(agent: request.headers[.userAgent], address: visit.client)
            guard let draft = draft(entry, key, client, page: request.headers[.referer]) else {
                robots.increment()
                return answers.thanks(download: nil)
            }
            let evidence = Evidence(request, from: visit.client, on: request.headers[.referer].flatMap(Self.storable))
            let requests = form.requests(
                in: entry, draft.event, of: workspace, language: request.headers[.acceptLanguage].map(Self.first),
                evidence)
            try await gate.submit(DraftEvents([draft] + requests), with: key, to: groups)
            submitted.increment()
            return answers.thanks(download: try download(form, of: workspace, draft.event, request))
        }
    }

    private func key(_ context: EdgeContext, _ visit: Gatekeeper.Visit) async throws(EdgeError) -> WriteKey {
        guard let key = try await keys.find(context.parameters.get("key") ?? "") else {
            visit.punish()
            throw EdgeError(.unauthorized, "the write key is unknown or revoked")
        }
        guard key.trust == .publicKey else {
            throw EdgeError(.unauthorized, "a form stands in a page, and so takes a public key")
        }
        try gate.shared.check(key)
        return key
    }

    private func body(of request: Request) async throws -> FormBody {
        var request = request
        let bytes = try await request.collectBody(upTo: FormBody.limit)
        return try FormBody(Array(bytes.readableBytesView), type: request.headers[.contentType] ?? "")
    }

    /// Nil for a robot where robots' events are rejected.
    private func draft(_ entry: FormEntry, _ key: WriteKey, _ client: RequestClient, page: String?) -> DraftEvent? {
        var said: [String: JSON] = [:]
        if let page = page.flatMap({ Self.storable($0) }) { said["page"] = .object(["url": .string(page)]) }
        if !entry.traits.isEmpty { said["traits"] = .object(entry.traits) }
        let reading = EventReading(
            key: key, limits: EdgeLimits(), clients: clients, client: client, freshID: UniqueID.random)
        let stated = EventRecord.Text.made(JSON.object(said).serialized)
        guard let context = try? reading.completed(stated, by: nil) else { return nil }
        let visitor = Identity(.anonymous, entry.anonymousID ?? UniqueID.random().description)
        let event = AcceptedEvent(
            workspace: key.workspace, eventID: UniqueID.random().description, call: .track, subject: .identity(visitor),
            aliases: [], name: EventNames.formSubmitted, sentTime: nil, at: .distantPast, receivedAt: .distantPast,
            trust: .publicKey, properties: JSON.object(entry.properties).serialized,
            context: context.withBytes { Array($0) })
        return DraftEvent(event: event, occurrence: .onReceipt)
    }

    /// The first language of those that a browser accepts.
    private static func first(_ languages: String) -> String {
        String(languages.prefix { $0 != "," && $0 != ";" }.prefix(35))
    }

    private static func storable(_ text: String) -> String? { text.utf8.contains(0) ? nil : String(text.prefix(2048)) }

    /// The link to what the form gives.
    private func download(
        _ form: FormDefinition, of workspace: Workspace, _ event: AcceptedEvent, _ request: Request
    ) throws -> String? {
        guard let content = form.content.flatMap(workspace.content(named:)) else { return nil }
        let origin = LinkOrigin(
            contact: ContactKey(workspace: event.workspace, contact: event.subjectID),
            message: .derived("loods.form", event.eventID))
        let link = Link.download(origin, content: content.name, expiresAt: groups.clock.now + content.expires)
        let path = "/d/\(try signer.sign(link))"
        if let publicURL { return publicURL + path }
        return request.head.authority.map { "\(request.head.scheme ?? "http")://\($0)\(path)" } ?? path
    }
}
