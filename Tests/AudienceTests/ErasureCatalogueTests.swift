import Model
import Postgres
import Store
import Testing
import TestSupport

/// That erasure misses no table, by the server's own catalogue: whatever a later migration adds is gone through, or stands
/// here with a reason.
@Suite struct ErasureCatalogueTests {
    /// What `erase_rows` goes by.
    private static let goneBy: Set<String> = ["contact_id", "subject_id", "other_id", "from_contact"]

    /// Columns that may hold a contact's id in rows that are about others, or about nobody, and why no id stays there.
    private static let passing = [
        "contacts.merged_into": "of whoever merged into the contact, and is erased with it",
        "merges.linked_subject": "erased apart, with all that was told of that name",
        "merges.linked_other": "erased apart, with all that was told of that name",
        "claims.contact_ids": "what a mailer has in hand; goes with its lease",
        "pages.contact_ids": "what a worker has in hand; goes when it, or whoever takes over, is done",
        "trials.item_id": "an item that a worker has in hand; goes when it, or whoever takes over, is done",
        "backfills.last_claimed": "how far a backfill is; goes with its end",
        "broadcasts.last_contact": "how far a broadcast is; goes with its end",
        "backfill_slices.behind": "what a worker has in hand; goes when it, or whoever takes over, is done",
        "backfill_slices.up_to": "what a worker has in hand; goes when it, or whoever takes over, is done",
        "event_partitions.folded_subject": "how far the counting of a part is that leaves; goes with the part",
        "consents.salt": "random, of one line, and gone with it",
        "companies.stirred_from": "how far the marking of members is; goes with its end",
    ]

    /// Ids of other things than contacts.
    private static let others: Set<String> = [
        "run_id", "message_id", "message_ids", "decision_id", "claim_id", "barrier_id", "outbox_id", "flight_id",
        "set_aside_id", "edge_id", "fence_id", "page_id", "slice_id", "erasure_id", "worker_id", "rules",
    ]

    private struct Column {
        var table: String
        var name: String
        var type: String
    }

    /// The columns that an insert must name, and those of ids, of all tables that are no partition.
    private static func columns(_ session: PostgresSession) throws -> [Column] {
        try session.query(
            """
            select c.relname::text, a.attname::text, format_type(a.atttypid, null)
            from pg_class c join pg_attribute a on a.attrelid = c.oid
            where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
                and a.attnum > 0 and not a.attisdropped
                and (a.attnotnull and not a.atthasdef and a.attidentity = ''
                    or a.atttypid in ('uuid'::regtype, 'uuid[]'::regtype))
            order by 1, a.attnum
            """
        ).map { row in
            let (table, name, type) = try row.decode((String.self, String.self, String.self))
            return Column(table: table, name: name, type: type)
        }
    }

    @Test func everyIdIsGoneThroughOrPasses() async throws {
        let columns = try await TestDatabase.with { database in
            try await database.pool.withConnection { try Self.columns($0) }
        }
        let ids = columns.filter { $0.type.hasPrefix("uuid") && !Self.others.contains($0.name) }
        #expect(ids.count > 25)
        for column in ids where !Self.goneBy.contains(column.name) {
            let place = "\(column.table).\(column.name)"
            #expect(Self.passing[place] != nil, "\(place): may a contact's id stay there?")
        }
        let places = Set(ids.map { "\($0.table).\($0.name)" })
        for place in Self.passing.keys { #expect(places.contains(place), "\(place) is no column") }
    }

    /// A row about her in every table there is: whatever it says, none is left.
    @Test func everyTableIsEmptied() async throws {
        try await Bench.with { bench in
            try await bench.apply(bench.event("Page Viewed", "p"), bench.event("Page Viewed", "p", of: .user, "bob"))
            let anne = bench.contact(.user, "anne")
            let tables = try await bench.database.pool.withTransaction { session in
                try Self.dropChecks(session)
                let columns = Dictionary(grouping: try Self.columns(session), by: \.table)
                let tables = columns.filter { $0.value.contains { Self.goneBy.contains($0.name) } }
                for (table, columns) in tables where table != "contacts" {
                    try Self.fill(table, columns, with: anne, session)
                }
                try Self.link(bench.contact(.user, "bob"), to: anne, session)
                return tables.mapValues { $0.map(\.name).filter(Self.goneBy.contains) }
            }
            #expect(tables.count > 20)
            #expect(tables["expiring_scores"] != nil && tables["score_counts"] != nil && tables["wakes"] != nil)
            let pending = try await bench.database.pool.withTransaction { session in
                try Standing.cell.take(in: session)
                return try Erasures.begin(
                    with: anne, by: Bench.erasureKey, askedBy: "test", id: .derived("erasure"), now: Bench.start,
                    in: session)
            }
            for (table, columns) in tables {
                #expect((pending.removed[table] ?? 0) > 0, "\(table)")
                for column in columns {
                    let left = try await bench.count(
                        """
                        select count(*) from \(identifier: table) where \(identifier: column) = \(anne.contact)
                        """)
                    #expect(left == 0, "\(table).\(column)")
                }
            }
            #expect(try await bench.count("select count(*) from contacts") == 1, "others stay")
            #expect(try await bench.count("select count(*) from merges") == 0, "what names her of another is gone")
        }
    }

    /// What values may be is not what this is about.
    private static func dropChecks(_ session: PostgresSession) throws {
        let checks = try session.query(
            """
            select conrelid::regclass::text, conname::text from pg_constraint
            where contype = 'c' and connamespace = 'public'::regnamespace and coninhcount = 0
            """)
        for row in checks {
            let (table, name) = try row.decode((String.self, String.self))
            try session.execute("alter table \(identifier: table) drop constraint \(identifier: name)")
        }
    }

    /// A name came to somebody by a link with one that is hers by now.
    private static func link(_ other: ContactKey, to contact: ContactKey, _ session: PostgresSession) throws {
        let device = Identity(.anonymous, "device").subjectID(in: other.workspace)
        try session.execute(
            """
            insert into merges (
                workspace_id, contact_id, subject_id, event_at, event_id, from_contact, linked_subject, linked_other, rule,
                decided_at)
            values (
                \(other.workspace), \(other.contact), \(device), \(Bench.start), 'e', \(device), \(device),
                \(contact.contact), 'joined', \(Bench.start))
            """)
    }

    /// A row whose ids are all the contact's.
    private static func fill(
        _ table: String, _ columns: [Column], with contact: ContactKey, _ session: PostgresSession
    ) throws {
        let names = columns.map { "\"\($0.name)\"" }.joined(separator: ", ")
        let values = columns.map { column in
            column.name == "workspace_id" ? "\(contact.workspace.rawValue)" : value(of: column.type, contact.contact)
        }.joined(separator: ", ")
        try session.runScript(
            TrustedSQL(trusted: "insert into \(table) (\(names)) values (\(values)) on conflict do nothing"))
    }

    private static func value(of type: String, _ id: UniqueID) -> String {
        switch type {
        case "uuid": "'\(id)'"
        case "text": "'x'"
        case "timestamp with time zone": "'\(Bench.start)'"
        case "jsonb": "'{}'"
        case "boolean": "false"
        case _ where type.hasSuffix("[]"): "'{}'"
        default: "1"
        }
    }
}
