import Crypto
public import Model
public import Postgres

/// Seals on the ledger of consents: a chain of hashes over all that was ever added to it or taken from it, so that whoever has
/// kept a head of the chain can tell whether what was sealed by then stands as it was recorded.
///
/// The database notes a digest (SHA-256, FIPS 180-4) of each line that is added or removed, whoever does it. A seal takes in
/// the digests that came since the seal before, and the head of that one.
public enum ConsentSeals {
    public struct Seal: Sendable, Hashable {
        public var workspace: WorkspaceID
        /// From 1 on.
        public var number: Int32
        /// Domain time.
        public var sealedAt: Timestamp
        /// How many it takes in.
        public var digests: Int32
        public var head: ConsentDigest
    }

    /// A line that was added or removed.
    struct Note {
        var number: Int64
        var isRemoval: Bool
        var digest: ConsentDigest
        /// Whose connection did it.
        var login: String
    }

    /// Seals what was noted and is not sealed yet; nothing where another process is at it.
    ///
    /// - Parameter limit: lines at most; where so many are sealed more may be left.
    public static func seal(at now: Timestamp, limit: Int32, in session: PostgresSession) throws -> [Seal] {
        let lock = try session.query(
            "select pg_try_advisory_xact_lock(hashtextextended(\("loods.consent_seals"), 0))")
        guard try lock[0][0, as: Bool.self] else { return [] }
        let rows = try session.query(
            """
            select note, removed, digest, login, workspace_id from consent_digests
            where seal is null order by workspace_id, note limit \(limit)
            """)
        var notes: [WorkspaceID: [Note]] = [:]
        for row in rows { notes[try row[4, as: WorkspaceID.self], default: []].append(try Note(row: row)) }
        let last = try last(of: Array(notes.keys), in: session)
        let seals = notes.map { workspace, notes in
            let (number, head) = last[workspace].map { ($0.number + 1, $0.head) } ?? (1, .start)
            return Seal(
                workspace: workspace, number: number, sealedAt: now, digests: Int32(notes.count),
                head: head.sealing(notes, number: number, at: now))
        }.sorted { $0.workspace.rawValue < $1.workspace.rawValue }
        try session.execute(
            """
            insert into consent_seals (workspace_id, number, sealed_at, digests, head)
            select u.workspace_id, u.number, \(now), u.digests, u.head from unnest(
                \(seals.map(\.workspace)), \(seals.map(\.number)), \(seals.map(\.digests)), \(seals.map(\.head.bytes))
            ) as u (workspace_id, number, digests, head)
            """)
        for seal in seals {
            try session.execute(
                """
                update consent_digests set seal = \(seal.number)
                where workspace_id = \(seal.workspace) and note = any(\(notes[seal.workspace, default: []].map(\.number)))
                """)
        }
        return seals
    }

    private static func last(
        of workspaces: [WorkspaceID], in session: PostgresSession
    ) throws -> [WorkspaceID: Seal] {
        let rows = try session.query(
            """
            select distinct on (workspace_id) \(unescaped: Seal.columns) from consent_seals
            where workspace_id = any(\(workspaces)) order by workspace_id, number desc
            """)
        return try rows.reduce(into: [:]) { last, row in
            let seal = try Seal(row: row)
            last[seal.workspace] = seal
        }
    }
}

/// A SHA-256 over lines of the ledger of consents, or over such digests.
public struct ConsentDigest: Sendable, Hashable, CustomStringConvertible {
    let bytes: [UInt8]

    /// Before the first seal.
    static let start = ConsentDigest(bytes: Array(repeating: 0, count: 32))

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// Reads 64 hexadecimal digits; nil for anything else.
    public init?(_ text: String) {
        let digits = text.compactMap(\.hexDigitValue)
        guard digits.count == 64, text.utf8.count == 64 else { return nil }
        bytes = stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    /// Of a line, by the texts of its columns in the order that the migration `consent_seals` has.
    init(of columns: [String?]) {
        var hash = SHA256()
        for column in columns { hash.update(data: Self.netstring(column)) }
        bytes = Array(hash.finalize())
    }

    /// The head behind this one, of a seal that takes in `notes`.
    func sealing(_ notes: some Sequence<ConsentSeals.Note>, number: Int32, at sealedAt: Timestamp) -> ConsentDigest {
        var hash = SHA256()
        hash.update(data: bytes)
        hash.update(data: Self.netstring("\(number)") + Self.netstring("\(sealedAt.microseconds)"))
        for note in notes {
            hash.update(data: (note.isRemoval ? [UInt8(ascii: "-")] : [UInt8(ascii: "+")]) + note.digest.bytes)
            hash.update(data: Self.netstring(note.login))
        }
        return ConsentDigest(bytes: Array(hash.finalize()))
    }

    public var description: String {
        bytes.map { String(UInt16($0) | 0x100, radix: 16).dropFirst() }.joined()
    }

    /// A text that cannot be taken for two, or for none (cr.yp.to/proto/netstrings.txt).
    private static func netstring(_ text: String?) -> [UInt8] {
        guard let text else { return [UInt8(ascii: "-")] }
        return Array("\(text.utf8.count):\(text),".utf8)
    }
}

// MARK: Rows

extension ConsentSeals.Seal {
    static let columns: StaticString = "workspace_id, number, sealed_at, digests, head"

    /// Reads ``columns``.
    init(row: PostgresRow) throws {
        let (workspace, number, sealedAt, digests, head) = try row.decode(
            (WorkspaceID.self, Int32.self, Timestamp.self, Int32.self, [UInt8].self))
        self.init(
            workspace: workspace, number: number, sealedAt: sealedAt, digests: digests, head: ConsentDigest(bytes: head)
        )
    }
}

extension ConsentSeals.Note {
    /// Reads number, kind, digest and login.
    init(row: PostgresRow) throws {
        number = try row[0, as: Int64.self]
        isRemoval = try row[1, as: Bool.self]
        digest = ConsentDigest(bytes: try row[2, as: [UInt8].self])
        login = try row[3, as: String.self]
    }
}
