import CrashPoints
import Messaging
import Model
import Postgres
import Store
import Transit

/// One transaction that looks at contacts without an event: since time alone may have changed something, or since
/// definitions were applied.
struct AudienceReview {
    struct Result: Sendable {
        /// Contacts that were looked at.
        var contacts = 0
        var account = AudienceAccount()
        /// Committed with it; to be published now.
        var outbox: [Outbox.Row] = []
    }

    let rules: RulesCache
    let definitions: DefinitionsCache
    let machineNow: Timestamp
    let session: PostgresSession

    /// Looks at `due` contacts that still have a wake due; those that somebody else holds are left to it.
    func wake(_ due: [ContactKey]) throws -> Result {
        let clock = try DomainClock.reading(in: session)
        let standings = try Contacts.lockFree(due, in: session)
        let instants = try Wakes.take(of: standings.keys, at: clock.now, in: session)
        let moved = try Wakes.forgetMerged(due.filter { standings[$0] == nil }, at: clock.now, in: session)
        guard !instants.isEmpty else { return Result(contacts: moved) }
        return try look(
            at: standings.filter { instants[$0.key] != nil }, instants.mapValues { .wake($0) }, .live, clock)
    }

    /// Looks at those of some contacts of a slice that definitions have not reached yet.
    func backfill(_ contacts: Set<ContactKey>, of slice: Backfills.Slice) throws -> Result {
        let clock = try DomainClock.reading(in: session)
        let open = try Backfills.contacts(of: slice, in: session).open.filter(contacts.contains)
        guard !open.isEmpty else { return Result() }
        let standings = try Contacts.lock(open, in: session)
        let occasions = standings.mapValues { _ in Person.Newcomer.Occasion.backfill }
        let result = try look(at: standings, occasions, .bulk, clock)
        try Backfills.count(changed: result.account.changed, of: slice, in: session)
        return result
    }

    private func look(
        at standings: [ContactKey: Contacts.Standing], _ occasions: [ContactKey: Person.Newcomer.Occasion],
        _ lane: Lane, _ clock: DomainClock.Reading
    ) throws -> Result {
        let audience = try LoadedAudience(
            occasions: occasions, standings: standings, rules, definitions, now: clock.now, in: session)
        let signals = try audience.apply(in: session)
        try audience.save(now: clock.now, in: session)
        let outbox = Outbox.Row.signals(signals, lane)
        try Outbox.add(outbox, clock: clock.mode, machineNow: machineNow, in: session)
        CrashPoint.scoringBeforeCommit.pass()
        return Result(contacts: standings.count, account: audience.account, outbox: outbox)
    }
}
