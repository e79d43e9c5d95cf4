public import Model
public import Postgres

/// A line of the ledger of somebody who was erased, as far as it says nothing of who that was.
public struct ErasedConsent: Sendable, Hashable {
    public var topic: String
    public var channel: String
    public var at: Timestamp
    public var state: ConsentEntry.State
    /// How it came; ``ErasedConsents/withheld`` where that named the person.
    public var means: String
    /// Of the wording version, language and hash, of the privacy notice the version, and when it was confirmed.
    public var proof: ConsentProof
    /// What it rested on, where it was given: `consent` or `soft opt-in`.
    public var basis: String?
    public var erasedAt: Timestamp
    public var keepUntil: Timestamp
}

/// What stays of the ledgers of erased people, for as long as somebody may claim that mail went without consent.
///
/// It is found again by whoever names the address and has the erasure key. Wordings themselves are not kept, since they are
/// the workspace's own and known by their hashes; nor are pages, devices, actors and ids, which may tell whose they were.
public enum ErasedConsents {
    /// For how long lines are kept behind the erasure: claims lapse after three years.
    public static let term = Span.days(3 * 366)
    /// Stands for what named the person.
    public static let withheld = "withheld"

    private static let kept: [ConsentProof.Member] = [
        .version, .language, .notice, .confirmedAt, .expiresAt, .wordingHash,
    ]

    /// Keeps the lines of somebody who is being erased; those that are kept already change nothing.
    ///
    /// - Parameters:
    ///   - addresses: theirs, lower-cased: lines that name none were for each of them.
    ///   - words: names, addresses and ids, none of which is kept.
    ///   - texts: what else was known of them, of which nothing is kept that somebody wrote.
    /// - Returns: how many lines are new.
    static func keep(
        _ entries: [ConsentEntry], addresses: [String], words: Set<String>, texts: [String], by key: ErasureKey,
        erasedAt: Timestamp, in session: PostgresSession
    ) throws -> Int {
        let lines = entries.flatMap { entry in
            (entry.address.isEmpty ? addresses : [entry.address]).map { (entry: entry, address: $0) }
        }
        guard !lines.isEmpty else { return 0 }
        let (clean, cleanMeans) = (Cleaner(words), Cleaner(words.union(texts)))
        return try session.execute(
            """
            insert into erased_consents (
                workspace_id, hash, topic, channel, at, state, means, proof, erased_at, keep_until)
            select u.*, \(erasedAt), \(erasedAt + term) from unnest(
                \(lines.map(\.entry.contact.workspace)),
                \(lines.map { key.hash(of: $0.address.comparedAddress, in: $0.entry.contact.workspace) }),
                \(lines.map { clean($0.entry.topic) }), \(lines.map { clean($0.entry.channel) }),
                \(lines.map(\.entry.at)), \(lines.map(\.entry.state.rawValue)),
                \(lines.map { cleanMeans.means($0.entry.means) }), \(lines.map { proof(of: $0.entry, clean) })) as u
            on conflict do nothing
            """)
    }

    private static func proof(of entry: ConsentEntry, _ clean: Cleaner) -> JSON {
        var proof = ConsentProof()
        for member in kept { proof[member] = entry.proof[member].map { clean($0) } }
        proof[.wordingHash] = entry.wording.map { ConsentProof.hash(of: $0) } ?? entry.proof[.wordingHash]
        var members = proof.json.object ?? [:]
        if entry.state == .given { members["basis"] = .string(entry.proof[.saleID] == nil ? "consent" : "soft opt-in") }
        return .object(members)
    }

    /// What is kept of the ledger of whoever had this address, in the order of time.
    ///
    /// - Throws: `StoreError.erasureKeyDiffers` where people were erased with another key.
    public static func of(
        _ address: String, in workspace: WorkspaceID, by key: ErasureKey, session: PostgresSession
    ) throws -> [ErasedConsent] {
        guard try Tombstones.areKept(with: key, in: session) else { return [] }
        return try session.query(
            """
            select topic, channel, at, state, means, proof, erased_at, keep_until from erased_consents
            where workspace_id = \(workspace) and hash = \(key.hash(of: address.comparedAddress, in: workspace))
            order by at, topic, state
            """
        ).map { row in
            let (topic, channel, at, state, means, proof, erasedAt, keepUntil) = try row.decode(
                (
                    String.self, String.self, Timestamp.self, String.self, String.self, JSON.self, Timestamp.self,
                    Timestamp.self
                ))
            return ErasedConsent(
                topic: topic, channel: channel, at: at, state: ConsentEntry.State(rawValue: state) ?? .withdrawn,
                means: means, proof: ConsentProof(proof), basis: proof["basis"]?.string, erasedAt: erasedAt,
                keepUntil: keepUntil)
        }
    }

    /// Removes lines whose time is over by domain time `now`.
    ///
    /// - Returns: how many went, `limit` at the most.
    public static func forget(at now: Timestamp, limit: Int32, in session: PostgresSession) throws -> Int {
        try session.execute(
            """
            delete from erased_consents e
            using (
                select workspace_id, hash, topic, channel, at, state from erased_consents
                where keep_until <= \(now) order by keep_until limit \(limit)) u
            where e.workspace_id = u.workspace_id and e.hash = u.hash and e.topic = u.topic and e.channel = u.channel
                and e.at = u.at and e.state = u.state
            """)
    }
}

/// Leaves out texts that name somebody, or might.
private struct Cleaner {
    /// A shorter name may stand in any text by chance.
    private static let telling = 4
    private static let longest = 64
    private let words: [String]

    init(_ words: Set<String>) { self.words = words.map { $0.lowercased() } }

    func callAsFunction(_ text: String) -> String {
        let low = text.lowercased()
        let isNaming = words.contains { $0 == low || $0.utf8.count >= Self.telling && low.contains($0) }
        return isNaming || text.utf8.count > Self.longest ? ErasedConsents.withheld : text
    }

    /// Of what people wrote themselves only plain words without figures.
    func means(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || " -".utf8.contains(byte)
        }
        return isPlain ? self(text) : ErasedConsents.withheld
    }
}
