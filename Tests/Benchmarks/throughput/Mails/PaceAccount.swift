import Model
import Postgres

/// What went to each site, by the ledger and by the catcher's files.
struct PaceAccount: Sendable {
    /// Whole minutes of the domain clock, in which limits count.
    struct Spell: Sendable {
        var begin: Timestamp
        var minutes: Int

        var end: Timestamp { begin + .minutes(Int64(minutes)) }
        var seconds: Double { Double(minutes * 60) }
    }

    /// Mails by site.
    struct Tally: Sendable {
        var sum: Int
        /// To the sites that got the fewest and the most.
        var least: Int
        var most: Int

        init(_ counts: [String: Int], of sites: Int) {
            sum = counts.values.reduce(0, +)
            least = counts.count < sites ? 0 : counts.values.min() ?? 0
            most = counts.values.max() ?? 0
        }

        var text: String { "\(Figures.short(Double(sum))) mails, from \(least) to \(most) for a site" }
    }

    /// The same by the ledger.
    struct Handed: Sendable {
        var tally: Tally
        /// How late in its minute the last mail of any minute went: seconds.
        var lateness: Double

        var sum: Int { tally.sum }

        func text(set: Int) -> String {
            "\(tally.text) (\(set) set); the last of a minute went \(Figures.short(lateness)) s after it began"
        }
    }

    /// The site that answers nothing.
    static let stuck = "stuck.example"
    private static let ofStuck = "%@\(stuck)"

    static func site(_ number: Int) -> String { "site-\(number).example" }

    let pool: PostgresPool
    let folder: MailFolder
    let sites: Int

    /// Whether the outcome is known of all mails that were handed over until then, but of those to the site that stalls.
    func isSettled(until end: Timestamp) async throws -> Bool {
        try await pool.withConnection { session in
            try session.query(
                """
                select from messages
                where state = 'handed' and handed_at < \(end) and address not like \(Self.ofStuck) limit 1
                """
            ).isEmpty
        }
    }

    func handed(in spell: Spell) async throws -> Handed {
        let rows = try await pool.withConnection { session in
            try session.query(
                """
                select split_part(address, '@', 2), count(*),
                    max(extract(epoch from handed_at - date_trunc('minute', handed_at)))::float8
                from messages
                where handed_at >= \(spell.begin) and handed_at < \(spell.end) and address not like \(Self.ofStuck)
                group by 1
                """
            ).map { try $0.decode((String.self, Int64.self, Double.self)) }
        }
        let counts = Dictionary(uniqueKeysWithValues: rows.map { ($0.0, Int($0.1)) })
        return Handed(tally: Tally(counts, of: sites), lateness: rows.map(\.2).max() ?? 0)
    }

    /// What the catcher has, but of what goes to the site that stalls.
    func caught() async throws -> Caught {
        let folder = folder
        let mails = try await onThread { try folder.mails() }
        return Caught(mails: mails.filter { !$0.recipient.hasSuffix("@\(Self.stuck)") })
    }

    struct Caught: Sendable {
        var mails: [CaughtMail]

        /// Those whose files were written in a spell.
        func tally(in spell: Spell, _ sites: Int) -> Tally {
            var counts: [String: Int] = [:]
            for mail in mails where mail.at >= spell.begin && mail.at < spell.end {
                counts[String(mail.recipient.drop { $0 != "@" }.dropFirst()), default: 0] += 1
            }
            return Tally(counts, of: sites)
        }
    }

    /// Minutes of the clock in which mails went before an instant.
    func minutesSpent(until begin: Timestamp) async throws -> Int {
        try await pool.withConnection { session in
            Int(
                try session.query(
                    "select count(distinct date_trunc('minute', handed_at)) from messages where handed_at < \(begin)"
                )[0][0, as: Int64.self])
        }
    }

    // MARK: Checks

    /// - Throws: where a site has had more in a minute of the clock than it may, the other one did not stall, or ledger and
    ///   catcher differ.
    func check(_ caught: Caught, until end: Timestamp, perMinute: Int) async throws {
        let (most, waiting, answered) = try await pool.withConnection { session in
            try session.query(
                """
                select (select coalesce(max(mails), 0) from (
                    select count(*) as mails from messages
                    where handed_at is not null and address not like \(Self.ofStuck)
                    group by split_part(address, '@', 2), date_trunc('minute', handed_at)) windows),
                    count(*) filter (where state = 'handed'), count(*) filter (where final_at is not null)
                from messages where address like \(Self.ofStuck)
                """
            )[0].decode((Int64.self, Int64.self, Int64.self))
        }
        guard most <= perMinute else {
            throw MeasurementFault("a site had \(most) mails in a minute, of \(perMinute) that it may have")
        }
        guard waiting > 0, answered == 0 else { throw MeasurementFault("the site that was to stall did not") }
        try await compare(caught, until: end)
    }

    /// - Throws: where a mail that counts as accepted is not at the catcher, or one is there twice.
    private func compare(_ caught: Caught, until end: Timestamp) async throws {
        let accepted = try await pool.withConnection { session in
            try session.query("select message_id from messages where state = 'accepted' and handed_at < \(end)")
                .map { try $0[0, as: UniqueID.self] }
        }
        let ids = Set(caught.mails.map(\.id))
        guard ids.count == caught.mails.count else {
            throw MeasurementFault("\(caught.mails.count - ids.count) mails came to the catcher twice")
        }
        let missing = accepted.filter { !ids.contains($0) }
        guard missing.isEmpty else {
            throw MeasurementFault("\(missing.count) mails count as accepted and are not at the catcher")
        }
    }
}
