import Contracts
import HTTPTypes
import Hummingbird
import Logging
import Metrics
import Model
import Store

/// `POST /v1/batch` and the six single calls, as Segment's HTTP tracking API has them.
struct TrackingRoutes: Sendable {
    let keys: KeyRing
    let groups: EventGroups
    let limits: EdgeLimits

    private let accepted = Counter(label: "loods_ingest_events_total", dimensions: [("outcome", "accepted")])
    private let rejected = Counter(label: "loods_ingest_events_total", dimensions: [("outcome", "rejected")])

    init(keys: KeyRing, groups: EventGroups, limits: EdgeLimits) {
        self.keys = keys
        self.groups = groups
        self.limits = limits
    }

    private static let calls: [(path: String, call: AcceptedEvent.Call)] = [
        ("track", .track), ("identify", .identify), ("page", .page), ("screen", .screen), ("group", .group),
        ("alias", .alias),
    ]

    func add(to router: Router<EdgeContext>) {
        router.post("v1/batch") { request, _ in try await answer(request, call: nil) }
        for (path, call) in Self.calls {
            router.post("v1/\(path)") { request, _ in try await answer(request, call: call) }
        }
    }

    /// - Parameter call: nil for a batch.
    private func answer(_ request: Request, call: AcceptedEvent.Call?) async throws -> Response {
        var key: WriteKey?
        // Before the body is read, so that strangers cost little.
        if let text = try Credentials.writeKey(in: request.headers) { key = try await known(text) }
        let text = try await request.plainBody(within: limits)
        if key == nil {
            guard let own = try TrackingRequest.writeKey(in: text, isBatch: call == nil, limits: limits) else {
                throw EdgeError(
                    .unauthorized, "a write key is missing: the user name of Basic authentication, or writeKey")
            }
            key = try await known(own)
        }
        guard let key else { throw EdgeError(.unauthorized, "a write key is missing") }
        let tracking = try read(text, call, key)
        try await groups.submit(tracking.drafts)
        accepted.increment(by: tracking.drafts.count)
        rejected.increment(by: tracking.rejected.count)
        return Answers.accepted(rejected: tracking.rejected)
    }

    private func known(_ text: String) async throws(EdgeError) -> WriteKey {
        guard let key = try await keys.find(text) else {
            throw EdgeError(.unauthorized, "the write key is unknown or revoked")
        }
        return key
    }

    private func read(
        _ text: PaddedText, _ call: AcceptedEvent.Call?, _ key: WriteKey
    ) throws(EdgeError) -> TrackingRequest {
        if let call {
            return try .single(text, call: call, key: key, limits: limits, freshID: UniqueID.random)
        }
        return try .batch(text, key: key, limits: limits, freshID: UniqueID.random)
    }
}
