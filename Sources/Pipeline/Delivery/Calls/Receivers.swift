import Model

/// How each receiver of requests fares, so that one that hangs or is away keeps nobody else waiting: each gets a few requests
/// at a time, and after a failure none for a while, then one more to try.
actor Receivers {
    /// Requests to one host at a time.
    private static let most = 4
    /// The most hosts that are remembered without a request under way.
    private static let memory = 1_000

    private struct Standing {
        var underWay = 0
        var condition = RelayCondition()
    }

    private var standings: [String: Standing] = [:]

    /// Takes a place at a host.
    ///
    /// - Returns: nil where there was one, to be left again; else about how long to wait.
    func enter(_ host: String) -> Span? {
        var standing = standings[host] ?? Standing()
        if standing.condition.isPaused(at: .now) { return .seconds(5) }
        guard standing.underWay < (standing.condition.isAway ? 1 : Self.most) else { return .seconds(1) }
        standing.underWay += 1
        if standings.count > Self.memory { standings = standings.filter { $0.value.underWay > 0 } }
        standings[host] = standing
        return nil
    }

    /// - Parameter attempt: whether the host answered, and when it was asked; nil where it was not.
    func leave(_ host: String, _ attempt: (isThere: Bool, begun: ContinuousClock.Instant)?) {
        guard var standing = standings[host] else { return }
        standing.underWay -= 1
        switch attempt {
        case (true, _)?: _ = standing.condition.answered(at: .now)
        case (false, let begun)?: _ = standing.condition.failed(begun: begun, at: .now)
        case nil: break
        }
        standings[host] = standing
    }
}
