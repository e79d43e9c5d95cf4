import HTTPTypes
import Hummingbird
import Model
import NIOCore

/// `POST /v1/returns/PROVIDER`: whoever delivers our mails tells what has become of them.
///
/// Signed as Standard Webhooks 1.0.0 says it; answered once it is durable. What comes twice changes nothing.
struct ProviderRoutes: Sendable {
    let desk: ProviderDesk?
    let gate: Gatekeeper
    let limits: EdgeLimits

    func add(to router: Router<EdgeContext>) {
        router.post("v1/returns/{provider}") { request, context in try await answer(request, context) }
    }

    private func answer(_ request: Request, _ context: EdgeContext) async throws -> Response {
        var visit = gate.visit(request, from: context.peer)
        let provider = context.parameters.get("provider") ?? ""
        let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"].compactMap { name in
            HTTPField.Name(name).flatMap { request.headers[$0] }
        }
        guard let desk, headers.count == 3 else {
            try visit.count()
            throw Self.unsigned
        }
        let body = Array(try await request.plainBody(within: limits).text)
        guard desk.verifies(body, from: provider, id: headers[0], timestamp: headers[1], signatures: headers[2]) else {
            try visit.count()
            throw Self.unsigned
        }
        let unknown = try await desk.take(try ProviderReport.all(in: body), from: provider)
        let answer = JSON.object(["success": .bool(true), "unknown": .int(Int64(unknown))])
        return Answers.json(.ok, ByteBuffer(bytes: answer.serialized))
    }

    private static let unsigned = EdgeError(
        .unauthorized, "no provider of that name has signed it within five minutes: see LOODS_PROVIDER_SECRETS")
}
