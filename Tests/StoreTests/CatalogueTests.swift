import Foundation
import Model
import Postgres
import Schema
import Store
import TestSupport
import Testing

/// What the tables must keep to, read from the server's own catalogue.
@Suite struct CatalogueTests {
    /// The tables that do not lead their key with workspace and contact (or subject), and why each may.
    private static let exceptions = [
        "clock": "one row: the cell's clock",
        "schema_migrations": "the schema's own account of itself",
        "workspaces": "what a cell is split by",
        "definitions": "of a workspace, the same for all contacts",
        "keys": "of a workspace; the edge finds them by hash",
        "key_allowances": "of a key, for all contacts; what ingest takes slices of",
        "quota_use": "of a workspace; what ingest takes slices of",
        "edges": "ingest processes that live, of no workspace",
        "journeys": "of a workspace, the same for all contacts",
        "journey_versions": "of a workspace, the same for all contacts",
        "interventions": "what people did with a journey, for all its contacts",
        "schedules": "of a journey, the same for all contacts",
        "broadcasts": "of a journey, and how far it has come through its contacts",
        "throttles": "of a journey, and when the next of its runs may begin",
        "entry_caps": "of a journey, and how many have entered",
        "entry_times": "of a journey, and how many had entered by when",
        "test_results": "of a broadcast, and the same for all who get it",
        "identities": "leads from a name to the subject, before the subject is known",
        "companies": "of a workspace, the same for all its members",
        "tombstones": "hashes of subjects and addresses that are gone",
        "erased_consents": "what stays of ledgers, by hashes of addresses that are gone",
        "consent_digests": "of lines of the ledger: whose they were must not be known once they are gone",
        "consent_seals": "of a workspace's ledger, of all its contacts",
        "erasure_key": "one row: what tells whether a process has the key of the tombstones",
        "erasures": "that somebody was erased, and not who",
        "suppressions": "of an address, whoever has it, also after the contact is gone",
        "sender_pauses": "of a workspace's sender, the same for all contacts",
        "send_quota": "of a limit on mails, for all contacts; what mailers take slices of",
        "send_lines": "of mails of one workspace to one site, which wait for their turn",
        "send_sessions": "what a claim on many contacts has of limits",
        "mail_counts": "of a step's mail, of whose readers nothing is known",
        "kill_switches": "of a workspace, the same for all its contacts",
        "claims": "a mailer's lease on a batch of many contacts",
        "barriers": "marks in the queue of withdrawals, of no contact; empty at rest",
        "lineage": "one row: the server that mails are sent from",
        "fences": "what was done after each restore, to all workspaces",
        "workers": "processes, which serve all contacts",
        "outbox": "bodies for a queue, each about many contacts; empty at rest",
        "in_flight": "bodies between processes, only while the clock is stepped; empty at rest",
        "trials": "items in hand, events and signals among them; empty at rest",
        "event_partitions": "the parts of the log, of all contacts",
        "event_retention": "one row: how long the log is kept",
        "backfills": "of a workspace; how far all its contacts are",
        "backfill_slices": "what a worker has in hand, of many contacts; empty at rest",
        "pages": "what a worker has in hand, of many contacts; empty at rest",
        "set_aside": "bodies that could not be handled, perhaps not even read",
    ]

    /// The vocabulary: tables as the design names them, and those that were added for a reason.
    private static let vocabulary: Set<String> = [
        "workspaces", "contacts", "identities", "event_log", "event_totals", "scores", "stages", "segment_members",
        "journeys", "journey_versions", "runs", "timers", "messages", "decisions", "consents", "suppressions",
        "tombstones", "send_state", "send_quota", "claims", "recent_ids", "keys", "outbox", "set_aside", "clock",
        // The applied files by revision, bodies between processes in stepped mode, the migrator's record, and what tells a
        // mailer that the withdrawals recorded before have been applied; what workers had in hand when they died.
        "definitions", "in_flight", "schema_migrations", "barriers", "trials", "pages",
        // The parts of the log, how long it is kept, and what scores are counted from when events have left it.
        "event_partitions", "event_retention", "carried_scores", "carried_counts",
        // Points that count until an instant, and which events of capped rules count.
        "expiring_scores", "score_counts",
        // Who is one person by which link, when that was found, and the companies people belong to; erasures as such.
        "identity_links", "merges", "companies", "erasures", "erasure_key", "erased_consents",
        // What proves that the ledger of consents is as it was recorded.
        "consent_digests", "consent_seals",
        // How much may come in at the edge, and the processes that share it.
        "key_allowances", "quota_use", "edges",
        // Which server mails are sent from, what was done after restores, of which messages nobody knows, and who works.
        "lineage", "fences", "unknown_messages", "workers",
        // Who came into and went out of segments, when conditions change by themselves, and how far definitions have come.
        "segment_moves", "personas", "wakes", "backfills", "backfill_slices",
        // What people did with journeys besides applying definitions.
        "interventions",
        // Senders whose mail stands still, since servers refuse it.
        "sender_pauses",
        // Mails that wait in line for a limit, how many are under way, and workspaces that send nothing.
        "send_lines", "send_sessions", "kill_switches",
        // How often mails were opened and clicked by readers who are not known by it.
        "mail_counts",
        // When journeys go out on a schedule, and how far each time of it has come.
        "schedules", "broadcasts",
        // When the next run of a throttled journey may begin, and what was decided of tests within broadcasts.
        "throttles", "test_results",
        // How many have entered journeys that a cap closes.
        "entry_caps", "entry_times",
    ]

    /// Every table that is no partition, with the columns of its primary key in their order.
    private func tables(_ session: PostgresSession) throws -> [String: [String]] {
        let rows = try session.query(
            """
            select c.relname::text, coalesce(array_agg(a.attname::text order by k.place)
                filter (where a.attname is not null), '{}')
            from pg_class c
            left join pg_index i on i.indrelid = c.oid and i.indisprimary
            left join unnest(i.indkey::int2[]) with ordinality as k (number, place) on true
            left join pg_attribute a on a.attrelid = c.oid and a.attnum = k.number
            where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
            group by c.relname
            """)
        return Dictionary(uniqueKeysWithValues: try rows.map { try $0.decode((String.self, [String].self)) })
    }

    @Test func contactStateIsKeyedByWorkspaceAndContact() async throws {
        let tables = try await TestDatabase.with { database in
            try await database.pool.withConnection { try self.tables($0) }
        }
        #expect(tables.count > 20)
        for (table, key) in tables where Self.exceptions[table] == nil {
            let isKeyed = key.count >= 2 && key[0] == "workspace_id" && ["contact_id", "subject_id"].contains(key[1])
            #expect(isKeyed, "\(table) has the key \(key): lead with the contact, or list it with a reason")
        }
        for (table, reason) in Self.exceptions {
            let key = try #require(tables[table], "\(table) is an exception but no table")
            #expect(!key.starts(with: ["workspace_id", "contact_id"]), "\(table) needs no exception: \(reason)")
        }
    }

    @Test func tablesCarryTheWordsOfTheDesign() async throws {
        let names = try await TestDatabase.with { database in
            try await database.pool.withConnection { Set(try self.tables($0).keys) }
        }
        #expect(names.subtracting(Self.vocabulary) == [])
    }

    @Test func theViewOfEventsHasItsColumns() async throws {
        let columns = try await TestDatabase.with { database in
            try await database.pool.withConnection { try $0.query("select * from events").columnNames }
        }
        #expect(columns == ["workspace_id", "contact_id", "at", "received_at", "name", "event_id", "properties"])
    }

    @Test func noDefaultReadsTheTime() async throws {
        let defaults = try await TestDatabase.with { database in
            try await database.pool.withConnection { session in
                try session.query(
                    """
                    select d.adrelid::regclass || '.' || a.attname || ' = ' || pg_get_expr(d.adbin, d.adrelid)
                    from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
                    """
                ).map { try $0[0, as: String.self] }
            }
        }
        #expect(!defaults.isEmpty)
        #expect(defaults.filter { SourceText.readsClock($0) } == [])
    }

    @Test func onlyTheClockReadsTheTime() async throws {
        let functions = try await TestDatabase.with { database in
            try await database.pool.withConnection { session in
                try session.query(
                    "select proname::text, prosrc from pg_proc where pronamespace = 'public'::regnamespace"
                ).map { try $0.decode((String.self, String.self)) }
            }
        }
        #expect(functions.filter { SourceText.readsClock($0.1) }.map(\.0) == ["clock_time"])
    }
}
