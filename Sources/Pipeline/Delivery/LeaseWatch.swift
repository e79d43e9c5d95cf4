import Model

/// Tells the claims of mailers that have died from those of mailers whose clock is not this host's.
///
/// A mailer that lives renews its claims in every third of their lease. How long a claim has stood still is counted in
/// looks, about a second apart: then neither a clock that jumps, here or at the mailer's, nor a pause of this process makes
/// a claim look older than it is, or keeps it for ever.
actor LeaseWatch {
    private struct Sight {
        var expiresAt: Timestamp
        var looks: Int
    }

    private var seen: [UniqueID: Sight] = [:]
    /// The looks after which a claim that has run out by the host's clock is dead: more than lie between two renewals …
    private let patience: Int
    /// … and those after which any is, whatever the clocks say.
    private let limit: Int

    init(lease: Duration) {
        let seconds = Int(lease.components.seconds)
        patience = seconds * 2 / 5
        limit = seconds
    }

    /// Takes note of the open claims as they stand now.
    ///
    /// - Returns: those whose mailers are dead.
    func look(at leases: [UniqueID: Timestamp], machineNow: Timestamp) -> [UniqueID: Timestamp] {
        var next: [UniqueID: Sight] = [:]
        for (claim, expiresAt) in leases {
            let last = seen[claim]
            next[claim] = Sight(expiresAt: expiresAt, looks: last?.expiresAt == expiresAt ? last!.looks + 1 : 0)
        }
        seen = next
        return leases.filter { claim, expiresAt in
            let looks = next[claim]!.looks
            return looks >= limit || looks >= patience && expiresAt < machineNow
        }
    }
}
