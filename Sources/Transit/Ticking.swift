import ServiceLifecycle

/// Calls `body` about every `interval` until graceful shutdown begins; a call under way is finished.
public func every(_ interval: Duration, _ body: @Sendable () async -> Void) async {
    let ticks = AsyncStream<Void>(unfolding: {
        do { try await Task.sleep(for: interval) } catch { return nil }
        return ()
    }).cancelOnGracefulShutdown()
    for await _ in ticks { await body() }
}

func everySecond(_ body: @Sendable () async -> Void) async { await every(.seconds(1), body) }
