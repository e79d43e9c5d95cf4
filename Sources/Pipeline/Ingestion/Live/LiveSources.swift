import Model
public import Outbound
import Synchronization
import Workspaces

/// What the URLs of workspaces say that live content goes by, so that whoever opens a mail does not wait for them.
///
/// An answer is good for half a minute; an older one serves while one request fetches the newer, and for ten minutes while
/// none comes. The first answer is waited for, but not for long; what has failed is asked again after ten seconds.
public final class LiveSources: Sendable {
    private struct Entry {
        var value: JSON?
        var fetchedAt: ContinuousClock.Instant?
        var askAgainAt: ContinuousClock.Instant
        var fetch: Task<JSON?, Never>?
        var usedAt: ContinuousClock.Instant
    }

    private static let freshFor = Duration.seconds(30)
    private static let goodFor = Duration.seconds(600)
    private static let retryAfter = Duration.seconds(10)
    /// How long whoever opens a mail waits for an answer.
    private static let patience = Duration.milliseconds(800)
    private static let limit = 1_000

    private let fetch: @Sendable (WebhookURL) async -> JSON?
    private let now: @Sendable () -> ContinuousClock.Instant
    private let entries = Mutex<[WebhookURL: Entry]>([:])

    /// Asks no URL at all.
    public static let none = LiveSources { _ in nil }

    /// - Parameters:
    ///   - now: machine time; tests pass their own.
    ///   - fetch: what a URL says; nil for no answer, or one that is no JSON.
    init(
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        fetch: @escaping @Sendable (WebhookURL) async -> JSON?
    ) {
        self.fetch = fetch
        self.now = now
    }

    /// - Parameter client: goes to no place where it does not belong, and takes no long answers.
    public convenience init(client: OutboundClient) {
        self.init { url in
            let target = OutboundClient.Target(url: url.text, host: url.host, port: url.port, isSecure: url.isSecure)
            guard let answer = try? await client.get(target, headers: [("accept", "application/json")]),
                answer.status == 200, let body = answer.body
            else { return nil }
            return try? JSON(parsing: body)
        }
    }

    /// What a URL says, as far as that is known in time.
    func value(of url: WebhookURL) async -> JSON? {
        let now = now()
        let (known, fetch) = entries.withLock { entries -> (JSON?, Task<JSON?, Never>?) in
            var entry = entries[url] ?? Entry(askAgainAt: now, usedAt: now)
            entry.usedAt = now
            if now >= entry.askAgainAt, entry.fetch == nil { entry.fetch = begin(url) }
            if let at = entry.fetchedAt, now - at > Self.goodFor { (entry.value, entry.fetchedAt) = (nil, nil) }
            if entries.count >= Self.limit, entries[url] == nil,
                let oldest = entries.min(by: { $0.value.usedAt < $1.value.usedAt })?.key
            {
                entries[oldest] = nil
            }
            entries[url] = entry
            return (entry.value, entry.fetch)
        }
        if known != nil { return known }
        guard let fetch else { return nil }
        return await Self.inTime(fetch)
    }

    /// Awaited by whoever opens first, and by nobody where that one has lost patience: what it finds is kept all the same.
    private func begin(_ url: WebhookURL) -> Task<JSON?, Never> {
        Task {
            let value = await fetch(url)
            let now = now()
            entries.withLock { entries in
                guard var entry = entries[url] else { return }
                entry.fetch = nil
                entry.askAgainAt = now + (value == nil ? Self.retryAfter : Self.freshFor)
                if let value { (entry.value, entry.fetchedAt) = (value, now) }
                entries[url] = entry
            }
            return value
        }
    }

    private static func inTime(_ fetch: Task<JSON?, Never>) async -> JSON? {
        let (answers, answer) = AsyncStream.makeStream(of: JSON?.self, bufferingPolicy: .bufferingOldest(1))
        // Neither outlives the fetch, which is bounded by its client.
        Task { answer.yield(await fetch.value) }
        let timer = Task {
            try await Task.sleep(for: Self.patience)
            answer.yield(nil)
        }
        defer { timer.cancel() }
        for await value in answers { return value }
        return nil
    }
}
