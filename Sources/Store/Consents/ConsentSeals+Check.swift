public import Model
public import Postgres

extension ConsentSeals {
    /// What a check has seen of a workspace's ledger.
    public struct Account: Sendable, Hashable {
        /// That stand.
        public var lines: Int64 = 0
        /// That were added since the last seal.
        public var unsealed: Int64 = 0
        /// That were taken away, by whose connection did it.
        public var removed: [String: Int64] = [:]
        public var seals: Int64 = 0
        /// The last one.
        public var last: Seal?
        public var faults: Int64 = 0

        public init() {}
    }

    /// What cannot be by Loods' own doing.
    public enum Fault: Sendable, Hashable {
        /// A line that was put in, or changed, past the database's own account of it.
        case unrecorded(Consents.Entry)
        /// Lines that do not stand any more as they were recorded; of one seal, nil: of none yet.
        case gone(lines: Int64, sealedAt: Timestamp?)
        /// A seal that does not follow from the one before it and the digests that it takes in.
        case broken(Seal)
        /// Seals that are not there, up to the one before this.
        case missing(before: Seal)
        /// A head that no seal has.
        case unknownHead(ConsentDigest)
    }

    /// How many lines, seals and digests are read at a time.
    fileprivate static let page: Int32 = 1000

    /// Compares each line of a workspace's ledger with what the database noted of it, and the chain of seals with the notes,
    /// in a snapshot.
    ///
    /// - Parameters:
    ///   - kept: a head that somebody has kept elsewhere.
    ///   - looked: is told from time to time how many lines were looked at, of how many.
    ///   - tell: takes each fault as it is found; there may be millions.
    public static func check(
        _ workspace: WorkspaceID, against kept: ConsentDigest?, in session: PostgresSession,
        looked: (Int64, Int64) -> Void = { _, _ in }, tell: (Fault) -> Void
    ) throws -> Account {
        var account = Account()
        func found(_ fault: Fault) {
            account.faults += 1
            tell(fault)
        }
        (account.seals, account.last) = try checkChain(of: workspace, in: session, found)
        if let kept {
            let seals = try session.query(
                "select from consent_seals where workspace_id = \(workspace) and head = \(kept.bytes)")
            if seals.isEmpty { found(.unknownHead(kept)) }
        }
        let recorded = try recorded(of: workspace, in: session)
        let all = recorded.reduce(0) { $0 + $1.lines }
        let standing = try checkLines(of: workspace, in: session, looked: { looked($0, all) }, found)
        account.lines = standing.count
        for (seal, sealedAt, lines) in recorded {
            let gone = lines - standing.seals[seal, default: 0]
            if gone > 0 { found(.gone(lines: gone, sealedAt: sealedAt)) }
            if seal == nil { account.unsealed = lines }
        }
        let removed = try session.query(
            "select login, count(*) from consent_digests where workspace_id = \(workspace) and removed group by login")
        for row in removed { account.removed[try row[0, as: String.self]] = try row[1, as: Int64.self] }
        return account
    }

    /// How many lines should stand: by their seals, those of none yet last.
    private static func recorded(
        of workspace: WorkspaceID, in session: PostgresSession
    ) throws -> [(seal: Int32?, sealedAt: Timestamp?, lines: Int64)] {
        try session.query(
            """
            select a.seal, min(s.sealed_at), count(*) from consent_digests a
            left join consent_seals s on s.workspace_id = a.workspace_id and s.number = a.seal
            where a.workspace_id = \(workspace) and not a.removed and not exists (
                select from consent_digests r
                where r.workspace_id = a.workspace_id and r.digest = a.digest and r.removed)
            group by a.seal order by a.seal nulls last
            """
        ).map { try $0.decode((Int32?.self, Timestamp?.self, Int64.self)) }
    }

    private static func checkChain(
        of workspace: WorkspaceID, in session: PostgresSession, _ found: (Fault) -> Void
    ) throws -> (seals: Int64, last: Seal?) {
        var (count, last) = (Int64(0), Seal?.none)
        while true {
            let page = try session.query(
                """
                select \(unescaped: Seal.columns) from consent_seals
                where workspace_id = \(workspace) and number > \(last?.number ?? 0) order by number limit \(page)
                """
            ).map { try Seal(row: $0) }
            for seals in page.inPortions() {
                var notes = try notes(of: seals, workspace, in: session)
                for seal in seals {
                    if seal.number != (last?.number ?? 0) + 1 { found(.missing(before: seal)) }
                    let taken = notes.removeValue(forKey: seal.number) ?? []
                    let head = (last?.head ?? .start).sealing(taken, number: seal.number, at: seal.sealedAt)
                    if head != seal.head { found(.broken(seal)) }
                    // Each is judged by the one before it, so that one fault is not told of all behind it.
                    (count, last) = (count + 1, seal)
                }
            }
            if page.isEmpty { return (count, last) }
        }
    }

    private static func notes(
        of seals: some BidirectionalCollection<Seal>, _ workspace: WorkspaceID, in session: PostgresSession
    ) throws -> [Int32: [Note]] {
        guard let (first, last) = seals.first.flatMap({ first in seals.last.map { (first, $0) } }) else { return [:] }
        let rows = try session.query(
            """
            select note, removed, digest, login, seal from consent_digests
            where workspace_id = \(workspace) and seal between \(first.number) and \(last.number) order by seal, note
            """)
        return try rows.reduce(into: [:]) { notes, row in
            notes[try row[4, as: Int32.self], default: []].append(try Note(row: row))
        }
    }

    /// - Returns: how many lines there are, and by their seals how many are as they were recorded.
    private static func checkLines(
        of workspace: WorkspaceID, in session: PostgresSession, looked: (Int64) -> Void, _ found: (Fault) -> Void
    ) throws -> (count: Int64, seals: [Int32?: Int64]) {
        var (count, seals, place) = (Int64(0), [Int32?: Int64](), Place.first)
        while true {
            let page = try lines(of: workspace, behind: place, in: session)
            // What somebody put in may have no place that can be said, such as a time without end: it is seen once.
            guard let last = page.last?.place, last != place else { return (count, seals) }
            let rows = try session.query(
                """
                select u.place, min(a.seal)
                from unnest(\(page.map(\.digest.bytes))) with ordinality as u (digest, place)
                join consent_digests a on a.workspace_id = \(workspace) and a.digest = u.digest and not a.removed
                where not exists (
                    select from consent_digests r
                    where r.workspace_id = \(workspace) and r.digest = u.digest and r.removed)
                group by u.place
                """)
            var recorded: Set<Int> = []
            for row in rows {
                recorded.insert(Int(try row[0, as: Int64.self]) - 1)
                seals[try row[1, as: Int32?.self], default: 0] += 1
            }
            for (index, line) in page.enumerated() where !recorded.contains(index) { found(.unrecorded(line.entry)) }
            (count, place) = (count + Int64(page.count), last)
            looked(count)
        }
    }

    /// Where a line stands, letter by letter: an entry spells its address as addresses are compared.
    private struct Place: Equatable {
        var contact: UniqueID
        var topic: String
        var channel: String
        var address: String
        var at: Timestamp
        var eventID: String

        /// Before all others.
        static let first = Place(
            contact: UniqueID(high: 0, low: 0), topic: "", channel: "", address: "", at: .distantPast, eventID: "")
    }

    /// The next lines, each with its place and the digest of what it is now.
    private static func lines(
        of workspace: WorkspaceID, behind place: Place, in session: PostgresSession
    ) throws -> [(entry: Consents.Entry, place: Place, digest: ConsentDigest)] {
        try session.query(
            """
            select c.workspace_id, c.contact_id, \(unescaped: Consents.columns), c.workspace_id::text, c.contact_id::text,
                c.topic, c.channel, c.address, encode(timestamptz_send(c.at), 'hex'), c.event_id, c.state, c.wording,
                c.source, c.proof::text, encode(timestamptz_send(c.recorded_at), 'hex'), c.salt::text
            from consents c
            where c.workspace_id = \(workspace)
                and (c.contact_id, c.topic, c.channel, c.address, c.at, c.event_id) > (
                    \(place.contact), \(place.topic), \(place.channel), \(place.address), \(place.at), \(place.eventID))
            order by c.contact_id, c.topic, c.channel, c.address, c.at, c.event_id limit \(page)
            """
        ).map { row in
            let entry = try Consents.Entry(row: row)
            let place = Place(
                contact: entry.contact.contact, topic: entry.topic, channel: entry.channel,
                address: try row[4, as: String.self], at: entry.at, eventID: entry.eventID)
            return (entry, place, ConsentDigest(of: try (11..<24).map { try row[$0, as: String?.self] }))
        }
    }
}

extension [ConsentSeals.Seal] {
    /// Neighbours that take in not many more digests than are read at a time.
    fileprivate func inPortions() -> [ArraySlice<Element>] {
        var (portions, start, digests) = ([ArraySlice<Element>](), 0, Int64(0))
        for (index, seal) in enumerated() {
            digests += Int64(seal.digests)
            guard digests >= ConsentSeals.page || index == count - 1 else { continue }
            portions.append(self[start...index])
            (start, digests) = (index + 1, 0)
        }
        return portions
    }
}
