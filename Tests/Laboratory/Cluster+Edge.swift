import Foundation
import TestSupport
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The edge as clients see it.
extension Cluster {
    /// Where ingest listens, as a URL without a slash at the end.
    public nonisolated var ingest: String { environment["LOODS_PUBLIC_URL"] ?? "" }

    /// Posts a batch until it is answered 200, as an SDK does; answers how often it had to.
    @discardableResult
    public nonisolated func post(
        _ events: [[String: Any]], within bound: Duration = .seconds(60)
    ) async throws -> Int {
        let body = try JSONSerialization.data(withJSONObject: ["batch": events])
        let ids = events.compactMap { $0["messageId"] as? String }
        journal.sends(ids)
        var attempts = 0
        try await eventually("a batch is accepted", within: bound, every: .milliseconds(50)) {
            attempts += 1
            return try await send(body) == 200
        }
        journal.accepted(ids)
        return attempts
    }

    /// Posts a batch once; answers the status, nil where there was no answer.
    ///
    /// - Parameter edge: the URL of the ingest that is asked; by default the one at the public address.
    @discardableResult
    public nonisolated func postOnce(_ events: [[String: Any]], to edge: String? = nil) async throws -> Int? {
        try await answer(to: events, by: edge)?.status
    }

    /// How the edge answered a batch.
    public struct EdgeAnswer: Sendable {
        public var status: Int
        /// The header `Retry-After`, in seconds.
        public var retryAfter: Int?
        public var body: String
    }

    /// Posts a batch once; answers what came back, nil where nothing did.
    public nonisolated func answer(
        to events: [[String: Any]], by edge: String? = nil
    ) async throws -> EdgeAnswer? {
        let ids = events.compactMap { $0["messageId"] as? String }
        journal.sends(ids)
        let body = try JSONSerialization.data(withJSONObject: ["batch": events])
        guard let (data, response) = try? await URLSession.shared.data(for: request(body, to: edge)),
            let answer = response as? HTTPURLResponse
        else { return nil }
        if answer.statusCode == 200 { journal.accepted(ids) }
        return EdgeAnswer(
            status: answer.statusCode, retryAfter: answer.value(forHTTPHeaderField: "Retry-After").flatMap { Int($0) },
            body: String(decoding: data, as: UTF8.self))
    }

    /// Asks for a message, or at another path for an entry, with the server's key; answers the status.
    public nonisolated func ask(
        forMessage body: String, key: String, at path: String = "/v1/messages"
    ) async throws -> Int {
        var request = try request(Data(body.utf8), path: path)
        request.setValue(key, forHTTPHeaderField: "Idempotency-Key")
        let (_, response) = try await URLSession.shared.data(for: request)
        return try #require(response as? HTTPURLResponse).statusCode
    }

    private nonisolated func send(_ body: Data) async throws -> Int? {
        let answer = try? await URLSession.shared.data(for: request(body))
        return (answer?.1 as? HTTPURLResponse)?.statusCode
    }

    private nonisolated func request(
        _ body: Data, to edge: String? = nil, path: String = "/v1/batch"
    ) throws -> URLRequest {
        var request = URLRequest(url: try #require(URL(string: (edge ?? ingest) + path)))
        request.httpMethod = "POST"
        request.httpBody = body
        request.timeoutInterval = 10
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        let credentials = Data("\(writeKey):".utf8).base64EncodedString()
        request.setValue("Basic \(credentials)", forHTTPHeaderField: "Authorization")
        return request
    }

    /// GET or POST of a link as it stands in a mail; answers the status and where it leads.
    public nonisolated func open(
        _ link: String, method: String = "GET", body: String? = nil
    ) async throws -> (Int, String) {
        var request = URLRequest(url: try #require(URL(string: link)))
        request.httpMethod = method
        request.httpBody = body.map { Data($0.utf8) }
        let session = URLSession(configuration: .ephemeral, delegate: NoRedirects(), delegateQueue: nil)
        defer { session.invalidateAndCancel() }
        let (data, response) = try await session.data(for: request)
        let answer = try #require(response as? HTTPURLResponse)
        return (
            answer.statusCode, answer.value(forHTTPHeaderField: "Location") ?? String(decoding: data, as: UTF8.self)
        )
    }

    /// What took ingest longer to answer the store may have stalled for; a withdrawal is recorded then, and applied later.
    public static let storeStall = Duration.milliseconds(2_500)

    /// Uses the one-click link until it is answered 200; from then on no mail of that topic may go to the address.
    ///
    /// - Returns: what was answered: `applied` or `recorded`.
    @discardableResult
    public nonisolated func unsubscribe(
        _ link: String, address: String, topic: String, within bound: Duration = .seconds(30)
    ) async throws -> String {
        let outcome = try await eventually("a withdrawal is answered 200", within: bound, every: .milliseconds(50)) {
            let answer = try? await open(link, method: "POST", body: "List-Unsubscribe=One-Click")
            return answer.flatMap { $0.0 == 200 ? $0.1.trimmingCharacters(in: .whitespacesAndNewlines) : nil }
        }
        journal.withdrew(address: address, topic: topic, answer: outcome)
        return outcome
    }
}

private final class NoRedirects: NSObject, URLSessionTaskDelegate {
    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }
}
