import Contracts
import CoreMetrics
import HTTPTypes
import Hummingbird
import Model
import NIOCore
import Store
import Workspaces

/// `POST /v1/messages`: a server asks for one e-mail to one person, which they are owed.
///
/// Answered 202 once the request is durable; it then goes the way of every event, through the gate and onto the record,
/// as a run of the journey that each e-mail with `on_request: true` has.
struct MessageRoutes: Sendable {
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
        router.post("v1/messages") { request, context in try await answer(request, context) }
    }

    private func answer(_ request: Request, _ context: EdgeContext) async throws -> Response {
        var visit = gate.visit(request, from: context.peer)
        let key = try await key(request, &visit)
        try gate.shared.check(key)
        let text = try await request.plainBody(within: limits)
        let asked = try MessageRequest(
            text.text, idempotencyKey: request.headers[.idempotencyKey], limits: limits)
        try await check(asked.template, key.workspace)
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
            throw EdgeError(.unauthorized, "messages are asked for with a server's write key, not with a public one")
        }
        return key
    }

    private func check(_ template: String, _ id: WorkspaceID) async throws(EdgeError) {
        let workspace = try await definitions.workspace(id)
        guard workspace?.emails[template]?.isOnRequest != true else { return }
        let offered = workspace?.emails.values.filter(\.isOnRequest).map(\.name).sorted() ?? []
        let help = offered.isEmpty ? "none says on_request: true" : "there are \(offered.joined(separator: ", "))"
        throw EdgeError(.notFound, "there is no such e-mail that may be asked for; \(help)", field: "template")
    }
}

extension HTTPField.Name {
    /// The IETF's draft "The Idempotency-Key HTTP Header Field".
    fileprivate static let idempotencyKey = Self("Idempotency-Key")!
}
