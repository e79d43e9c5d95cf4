import Model
import Postgres
import Schema
import Store
import TestSupport
import Testing

/// The server's catalogue against the table of `Rights`.
@Suite struct RightsTests {
    private static func read<R: Sendable>(_ body: @Sendable (PostgresSession) throws -> R) async throws -> R {
        try await TestDatabase.with { try await $0.pool.withConnection(body) }
    }

    @Test func everyRoleHasARowOfDecisions() {
        #expect(Rights.roles == Role.allCases.map(\.shortName))
    }

    @Test func everyTableAndViewHasADecision() async throws {
        let names = try await Self.read { session in
            try session.query(
                """
                select relname::text from pg_class where relnamespace = 'public'::regnamespace
                    and relkind in ('r', 'p', 'v', 'm', 'f') and not relispartition
                """
            ).map { try $0[0, as: String.self] }
        }
        #expect(
            Set(names) == Rights.names,
            "decide who may do what with a new table: its line in Rights, and its grants in its migration")
    }

    @Test func rolesMayDoWhatWasDecidedAndNothingElse() async throws {
        let granted = try await Self.read { session in
            try session.query(
                """
                select c.relname || ' ' || substr(r.rolname, 7), string_agg(case
                    when has_table_privilege(r.oid, c.oid, v.verb) then v.letter
                    else lower(v.letter) || '(' || v.columns || ')' end, ' ' order by v.place)
                from pg_class c
                cross join pg_roles r
                cross join lateral (
                    select verb, letter, place, string_agg(a.attname::text, ' ' order by a.attname::text collate "C")
                        filter (where verb <> 'DELETE' and has_column_privilege(r.oid, c.oid, a.attnum, verb))
                    from (values ('SELECT', 'S', 1), ('INSERT', 'I', 2), ('UPDATE', 'U', 3), ('DELETE', 'D', 4))
                        as verbs (verb, letter, place)
                    cross join pg_attribute a
                    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                    group by verb, letter, place) as v (verb, letter, place, columns)
                where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v') and not c.relispartition
                    and r.rolname = any(\(Role.allCases.map(\.rawValue)))
                    and (has_table_privilege(r.oid, c.oid, v.verb) or v.columns is not null)
                group by 1
                """
            ).map { try $0.decode((String.self, String.self)) }
        }
        let (actual, decided) = (Dictionary(uniqueKeysWithValues: granted), Rights.decided())
        for key in Set(actual.keys).union(decided.keys).sorted() {
            #expect(actual[key] == decided[key], "\(key): granted is not what was decided")
        }
    }

    /// Truncation, references and triggers; partitions, which are reached through their table; sequences; the schema.
    @Test func rolesMayDoNothingBesides() async throws {
        let besides = try await Self.read { session in
            try session.query(
                """
                select r.rolname || ' ' || c.relname || ' ' || v.verb
                from pg_class c cross join pg_roles r
                cross join unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'])
                    as v (verb)
                where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v')
                    and r.rolname = any(\(Role.allCases.map(\.rawValue)))
                    and (c.relispartition or v.verb in ('TRUNCATE', 'REFERENCES', 'TRIGGER'))
                    and has_table_privilege(r.oid, c.oid, v.verb)
                    -- `loods tail` looks at the newest blocks of each partition.
                    and not (c.relname like 'event_log_%' and v.verb = 'SELECT'
                        and r.rolname in ('loods_operator', 'loods_tool'))
                union all
                select r.rolname || ' ' || c.relname from pg_class c cross join pg_roles r
                where c.relnamespace = 'public'::regnamespace and c.relkind = 'S'
                    and r.rolname = any(\(Role.allCases.map(\.rawValue)))
                    and has_sequence_privilege(r.oid, c.oid, 'SELECT, USAGE, UPDATE')
                union all
                select rolname || ' creates' from pg_roles where rolname = any(\(Role.allCases.map(\.rawValue)))
                    and has_schema_privilege(oid, 'public', 'CREATE')
                union all
                select rolname || ' owns ' || classid::regclass || ' ' || objid from pg_shdepend d
                join pg_roles r on r.oid = d.refobjid
                where d.deptype = 'o' and rolname = any(\(Role.allCases.map(\.rawValue)))
                union all
                select rolname || ' is special' from pg_roles where rolname = any(\(Role.allCases.map(\.rawValue)))
                    and (rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls)
                """
            ).map { try $0[0, as: String.self] }
        }
        #expect(besides == [])
    }

    @Test func everyTableWithAWorkspaceKeepsWorkspacesApart() async throws {
        let tables = try await Self.read { session in
            try session.query(
                """
                select c.relname::text, c.relrowsecurity, exists (
                        select from pg_attribute a where a.attrelid = c.oid and a.attname = 'workspace_id'),
                    (select coalesce(string_agg(
                        p.polname || ' ' || p.polcmd::text || ' ' || pg_get_expr(p.polqual, p.polrelid) || ' '
                        || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '–') || ': ' || (
                            select string_agg(substr(rolname, 7), ' ' order by rolname) from pg_roles
                            where oid = any(p.polroles)), '; ' order by p.polname), '')
                    from pg_policy p where p.polrelid = c.oid)
                from pg_class c
                where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
                """
            ).map { try $0.decode((String.self, Bool.self, Bool.self, String.self)) }
        }
        let policies = """
            bound_workspace * (workspace_id = ( SELECT bound_workspace() AS bound_workspace)) –: reader tool; \
            every_workspace * true true: ingest mailer operator scheduler scoring
            """
        for (table, isBound, hasWorkspace, found) in tables {
            if Rights.unbound[table] != nil {
                #expect(!isBound && !hasWorkspace, "\(table) needs no exception")
            } else {
                #expect(isBound && hasWorkspace && found == policies, "\(table): \(found)")
            }
        }
        #expect(Set(Rights.unbound.keys).isSubset(of: tables.map(\.0)))
    }

    /// A view that reads with its owner's rights would show a bound session everything, and is granted to none.
    @Test func viewsReadWithTheRightsOfWhoAsks() async throws {
        let views = try await Self.read { session in
            try session.query(
                """
                select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind = 'v'
                    and not coalesce('security_invoker=true' = any(reloptions), false)
                """
            ).map { try $0[0, as: String.self] }
        }
        #expect(Set(views) == ["event_times", "open_messages", "run_entries", "signs_of_life"])
        let decided = Rights.decided()
        for view in views { #expect(decided["\(view) tool"] == nil && decided["\(view) reader"] == nil) }
    }

    /// Functions that act as their owner are few, take a fixed path to their tables, and are not for everybody.
    @Test func functionsThatActAsOwnerAreKnown() async throws {
        let functions = try await Self.read { session in
            try session.query(
                """
                select proname || ' ' || array_to_string(proconfig, ',') || ' '
                    || has_function_privilege('loods_ingest', oid, 'execute')
                from pg_proc where pronamespace = 'public'::regnamespace and prosecdef order by 1
                """
            ).map { try $0[0, as: String.self] }
        }
        #expect(
            functions == [
                "bound_workspace search_path=public, pg_temp false", "contacts_at search_path=public, pg_temp false",
                "drop_event_partition lock_timeout=200ms,search_path=public, pg_temp false",
                "erase_rows search_path=public, pg_temp false",
                "extend_event_log lock_timeout=200ms,search_path=public, pg_temp false",
                "is_suppressed_visitor search_path=public, pg_temp true",
                "note_changed_consents search_path=public, pg_temp false",
                "seal_event_log lock_timeout=200ms,search_path=public, pg_temp false",
                "suppress_addresses search_path=public, pg_temp false",
                "take_events search_path=public, pg_temp false",
            ])
    }
}

/// What row-level security costs those who see every row: nothing, not even another plan.
@Suite struct PlanTests {
    private static let statements: [Query] = [
        """
        explain (costs off) select c.contact_id, c.merged_into is not null from contacts c
        join unnest(\([shop]), \([contact("anne").contact])) as u (workspace_id, contact_id) using (workspace_id, contact_id)
        order by c.workspace_id, c.contact_id for no key update of c
        """,
        """
        explain (costs off) insert into event_log (
            workspace_id, subject_id, sent_time, event_id, at, received_at, call, trust, effect, name, properties, context)
        values (1, \(id("s")), \(noon), 'e', \(noon), \(noon), 1, 1, 0, 'X', '{}', '{}')
        on conflict do nothing returning event_id
        """,
        """
        explain (costs off) insert into scores (workspace_id, contact_id, model, epoch, amount)
        select u.w, u.contact, 'm', 1, 1 from unnest(\([shop]), \([id("c")])) as u (w, contact)
        on conflict (workspace_id, contact_id, model, epoch) do update set amount = scores.amount + excluded.amount
        """,
        """
        explain (costs off) select l.event_id from contacts c
        join event_log l on l.workspace_id = c.workspace_id and l.subject_id = c.contact_id
        where c.workspace_id = \(shop) and (c.contact_id = \(id("c")) or c.merged_into = \(id("c")))
        """,
    ]

    private static func plans(_ session: PostgresSession) throws -> [String] {
        try statements.map { statement in
            try session.query(statement).map { try $0[0, as: String.self] }.joined(separator: "\n")
        }
    }

    @Test func workersHaveTheOwnersPlans() async throws {
        try await TestDatabase.with { database in
            let owners = try await database.pool.withConnection { try Self.plans($0) }
            let scoring = try database.pool(connections: 1, as: "scoring")
            let workers = try await scoring.withConnection { try Self.plans($0) }
            #expect(owners.allSatisfy { !$0.isEmpty } && workers == owners)
        }
    }

    /// A bound session's statements reach their rows by the same indices, the workspace being looked up once.
    @Test func boundSessionsUseTheIndices() async throws {
        try await TestDatabase.with { database in
            let plan = try await database.pool.withTransaction { session in
                try session.execute("set local enable_seqscan = off")
                try Standing.workspace("shop").take(in: session)
                return try Self.plans(session, Self.statements.count - 1)
            }
            #expect(plan.contains("InitPlan") && plan.contains("Index Cond: ((workspace_id ="))
            #expect(!plan.contains("Filter: (workspace_id"), "\(plan)")
        }
    }

    private static func plans(_ session: PostgresSession, _ index: Int) throws -> String {
        try session.query(statements[index]).map { try $0[0, as: String.self] }.joined(separator: "\n")
    }
}
