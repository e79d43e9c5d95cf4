/// Whether a broker refuses whatever is published, for so long that another connection is worth a try.
///
/// A value without sockets or clocks. Where nothing was published for longer than the patience, it begins anew.
struct RefusalWatch {
    let patience: Duration
    private var first: ContinuousClock.Instant?
    private var last: ContinuousClock.Instant?
    /// Nothing but refusals has come for longer than the patience.
    private(set) var isHopeless = false

    init(patience: Duration) { self.patience = patience }

    /// Notes an answer to something published.
    mutating func note(isAck: Bool, now: ContinuousClock.Instant) {
        guard !isAck else {
            self = RefusalWatch(patience: patience)
            return
        }
        if let last, now - last > patience { first = nil }
        let since = first ?? now
        (first, last) = (since, now)
        isHopeless = now - since >= patience
    }
}
