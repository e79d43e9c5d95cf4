import Contracts
import CrashPoints
import HTTPTypes
import Hummingbird
import Logging
import Metrics
import Model
import Store

/// `POST /v1/batch` and the six single calls, as Segment's HTTP tracking API has them.
struct TrackingRoutes: Sendable {
    let keys: KeyRing
    let gate: Gatekeeper
    let groups: EventGroups
    let limits: EdgeLimits
    let clients: ClientFacts

    private let accepted = Counter(label: "loods_ingest_events_total", dimensions: [("outcome", "accepted")])
    private let rejected = Counter(label: "loods_ingest_events_total", dimensions: [("outcome", "rejected")])

    init(keys: KeyRing, gate: Gatekeeper, groups: EventGroups, limits: EdgeLimits, clients: ClientFacts) {
        self.keys = keys
        self.gate = gate
        self.groups = groups
        self.limits = limits
        self.clients = clients
    }

    /// By the name of the HTTP API, and by the letter that the SDKs of browsers and phones use.
    private static let calls: [(paths: [String], call: AcceptedEvent.Call)] = [
        (["track", "t"], .track), (["identify", "i"], .identify), (["page", "p"], .page), (["screen", "s"], .screen),
        (["group", "g"], .group), (["alias", "a"], .alias),
    ]

    func add(to router: Router<EdgeContext>) {
        let all = Self.calls.map { ($0.paths, Optional($0.call)) } + [(["batch", "b", "import"], nil)]
        for (paths, call) in all {
            for path in paths {
                router.post("v1/\(path)") { request, context in try await answer(request, context, call: call) }
            }
        }
    }

    /// - Parameter call: nil for a batch.
    private func answer(
        _ request: Request, _ context: EdgeContext, call: AcceptedEvent.Call?
    ) async throws -> Response {
        var visit = gate.visit(request, from: context.peer)
        let key: WriteKey
        let text: PaddedText
        // Before the body is read, so that strangers cost little, and so do those who have reached a limit.
        if let name = try Credentials.writeKey(in: request.headers) {
            key = try await gate.key(name, among: keys, &visit)
            try gate.shared.check(key)
            text = try await request.plainBody(within: limits)
        } else {
            try visit.count()
            text = try await request.plainBody(within: limits)
            guard let own = try TrackingRequest.writeKey(in: text, isBatch: call == nil, limits: limits) else {
                throw EdgeError(
                    .unauthorized, "a write key is missing: the user name of Basic authentication, or writeKey")
            }
            key = try await gate.key(own, among: keys, &visit)
        }
        let tracking = try read(text, call, key, visit.client(of: request, key))
        CrashPoint.ingestAfterParse.pass()
        try await gate.submit(tracking.drafts, with: key, to: groups)
        accepted.increment(by: tracking.drafts.count)
        rejected.increment(by: tracking.rejected.count)
        return Answers.accepted(rejected: tracking.rejected)
    }

    private func read(
        _ text: PaddedText, _ call: AcceptedEvent.Call?, _ key: WriteKey, _ client: RequestClient
    ) throws(EdgeError) -> TrackingRequest {
        if let call {
            return try .single(
                text, call: call, key: key, limits: limits, clients: clients, client: client, freshID: UniqueID.random)
        }
        return try .batch(
            text, key: key, limits: limits, clients: clients, client: client, freshID: UniqueID.random)
    }
}
