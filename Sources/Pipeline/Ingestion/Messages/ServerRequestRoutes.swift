import Contracts
import CoreMetrics
import HTTPTypes
import Hummingbird
import Model
import NIOCore
import Store
import Workspaces

/// `POST /v1/messages`: a server asks for one e-mail to one person, which they are owed; `POST /v1/journeys`: that one person
/// enters a journey.
///
/// Answered 202 once the request is durable; it then goes the way of every event, through the gate and onto the record, as a
/// run of the journey: of the one that is named, or of the one that each e-mail with `on_request: true` has.
struct ServerRequestRoutes: Sendable {
    let keys: KeyRing
    let gate: Gatekeeper
    let groups: EventGroups
    let definitions: LiveDefinitions
    let limits: EdgeLimits

    private static let accepted = ByteBuffer(string: #"{"success":true}"#)
    private let requested = Counter(label: "loods_ingest_messages_total")

    init(
        keys: KeyRing, gate: Gatekeeper, groups: EventGroups, definitions: LiveDefinitions, limits: EdgeLimits
    ) {
        self.keys = keys
        self.gate = gate
        self.groups = groups
        self.definitions = definitions
        self.limits = limits
    }

    func add(to router: Router<EdgeContext>) {
        router.post("v1/messages") { request, context in try await answer(request, asking: .template, context) }
        router.post("v1/journeys") { request, context in try await answer(request, asking: .journey, context) }
    }

    private func answer(
        _ request: Request, asking kind: ServerRequest.Kind, _ context: EdgeContext
    ) async throws -> Response {
        var visit = gate.visit(request, from: context.peer)
        let key = try await key(request, &visit)
        try gate.shared.check(key)
        let text = try await request.plainBody(within: limits)
        let asked = try ServerRequest(
            kind, text.text, idempotencyKey: request.headers[.idempotencyKey], limits: limits)
        try await check(asked, key.workspace)
        try await gate.submit(DraftEvents([asked.draft(in: key.workspace)]), with: key, to: groups)
        requested.increment()
        return Answers.json(.accepted, Self.accepted)
    }

    private func key(_ request: Request, _ visit: inout Gatekeeper.Visit) async throws(EdgeError) -> WriteKey {
        guard let name = try Credentials.writeKey(in: request.headers) else {
            try visit.count()
            throw EdgeError(.unauthorized, "a write key is missing: the user name of Basic authentication")
        }
        let key = try await gate.key(name, among: keys, &visit)
        guard key.trust == .server else {
            throw EdgeError(.unauthorized, "this is asked for with a server's write key, not with a public one")
        }
        return key
    }

    private func check(_ asked: ServerRequest, _ id: WorkspaceID) async throws(EdgeError) {
        let workspace = try await definitions.workspace(id)
        let (what, mark, offered): (String, String, [String]) =
            switch asked.kind {
            case .template:
                ("e-mail", "on_request: true", workspace?.emails.values.filter(\.isOnRequest).map(\.name) ?? [])
            case .journey: ("journey", "enter: {api: true}", workspace?.journeysOnRequest ?? [])
            }
        guard !offered.contains(asked.name) else { return }
        let help = offered.isEmpty ? "none says \(mark)" : "there are \(offered.sorted().joined(separator: ", "))"
        throw EdgeError(
            .notFound, "there is no such \(what) that may be asked for; \(help)", field: asked.kind.rawValue)
    }
}

extension HTTPField.Name {
    /// The IETF's draft "The Idempotency-Key HTTP Header Field".
    fileprivate static let idempotencyKey = Self("Idempotency-Key")!
}
