import Contracts
import Expressions
import Model
import Pacing
import Postgres
import Scores
import Store
import TestSupport
import Testing

/// Two workspaces in one store, and sessions that are bound to one of them: whatever they ask, they get no row of the other,
/// and change none.
@Suite struct StandingTests {
    private struct Pair {
        let database: TestDatabase
        let ours: WorkspaceID
        let theirs: WorkspaceID

        /// Rows of both in every table that has workspaces, made by copying one row of each.
        static func with(_ body: (Pair) async throws -> Void) async throws {
            try await TestDatabase.with { database in
                let (ours, theirs) = try await database.pool.withTransaction { session in
                    let entries = try ["ours", "theirs"].map { try WorkspaceRegister.lock($0, now: noon, in: session) }
                    for entry in entries { try fill(entry, session) }
                    return (entries[0].id, entries[1].id)
                }
                try await body(Pair(database: database, ours: ours, theirs: theirs))
            }
        }

        private static func fill(_ entry: WorkspaceRegister.Entry, _ session: PostgresSession) throws {
            let workspace = entry.id
            let anne = contact("anne", in: workspace)
            let name = Identity(.user, "anne")
            try Identities.ensure(
                [.init(workspace: workspace, identity: name, subject: anne.contact)], subjects: [anne: name], now: noon,
                in: session)
            var state = Contacts.State(anne)
            state.attributes = ["email": .string("anne@example.com")]
            try Contacts.describe([state], in: session)
            _ = try EventLog.append([event("e1", of: anne), event("e2", of: anne, sent: nil)], in: session)
            let end = noon + .days(1)
            try ScoreSums.add(
                [nil, end].map { until in
                    .init(contact: anne, model: "m", term: ScoreTerm(epoch: 1, amount: 1, until: until))
                }, now: noon, in: session)
            try ScoreCounts.save(
                [.init(contact: anne, slot: .init(model: "m", rule: 0, day: 1), counted: [])], in: session)
            try EventTotals.save(
                [.init(subject: anne, name: "e"): CarriedTotal(count: 1, first: noon, last: noon)], in: session)
            var carried = CarriedScores.Entry()
            carried.balance.add(ScoreTerm(epoch: 1, amount: 1))
            carried.counted[.init(model: "m", rule: 0, day: 1)] = []
            try CarriedScores.add([.init(subject: anne, model: "m", rules: id("rules")): carried], in: session)
            try Stages.append(
                [.init(contact: anne, stage: "do", previous: nil, at: noon, eventID: "e1")], now: noon, in: session)
            try Consents.append([consent(.given, of: anne)], now: noon, in: session)
            _ = try SendStates.lock([anne], in: session)
            let run = run("r \(workspace)", of: anne)
            try Runs.insert([run], in: session)
            let move = SegmentMembers.Move(
                contact: anne, segment: "s", isEntry: true, ordinal: 1, at: noon, cause: .event, eventID: "e1",
                revision: 1)
            try SegmentMembers.apply([move], now: noon, in: session)
            try PersonaRows.save([.init(contact: anne, persona: "p", since: noon)], in: session)
            try Wakes.arm([anne: noon], in: session)
            let hand = Backfills.Hand(worker: "test", machineNow: noon)
            try Backfills.begin(
                workspace, revision: 1, isNeeded: true, everybody: false, now: noon, hand, in: session)
            try Timers.arm([.init(contact: anne, run: run.id, version: 0, dueAt: noon)], in: session)
            let decision = Decisions.Decision(contact: anne, id: id("d"), at: noon, kind: "entry", choice: "in")
            try Decisions.append([decision], in: session)
            try Messages.plan([message("m \(workspace)", to: anne)], machineNow: noon, in: session)
            _ = try Keys.add(
                hash: Array("\(workspace)".utf8), name: "k", kind: .server, to: workspace, now: noon, in: session)
            _ = try Definitions.store(files: ["a": "\(workspace)"], for: entry, by: "test", now: noon, in: session)
            let version = Definitions.JourneyVersion(journey: "j", version: 1, revision: 1, digest: "")
            try Definitions.publish([version], in: workspace, now: noon, session: session)
            try Interventions.record(
                .init(kind: .pause, at: noon, author: "test", revision: 1, journey: "j"), of: workspace, in: session)
            try session.execute(
                """
                insert into suppressions (workspace_id, address, reason, at)
                values (\(workspace), 'ben@example.com', 'bounced', \(noon))
                """)
            try session.execute(
                """
                insert into unknown_messages (workspace_id, contact_id, message_id, unknown_at)
                values (\(workspace), \(anne.contact), \(id("m \(workspace)")), \(noon))
                """)
            let link = IdentityGraph.Link(
                pair: .init(workspace: workspace, subject: anne.contact, other: id("device")), at: noon, eventID: "e1")
            try IdentityGraph.save([link], in: session)
            try Merges.append(
                [
                    .init(
                        contact: anne, subject: id("device"), from: id("device"), link: link, rule: .joined,
                        decidedAt: noon)
                ], in: session)
            _ = try Companies.lock([.init(workspace: workspace, company: "acme")], now: noon, in: session)
            try session.execute(
                """
                insert into erasures (workspace_id, erasure_id, asked_at, asked_by)
                values (\(workspace), \(id("erasure \(workspace)")), \(noon), 'test')
                """)
            try session.execute(
                """
                insert into consent_seals (workspace_id, number, sealed_at, digests, head)
                values (\(workspace), 1, \(noon), 0, '')
                """)
            try session.execute(
                """
                insert into erased_consents (
                    workspace_id, hash, topic, channel, at, state, means, erased_at, keep_until)
                values (\(workspace), 'h', 'offers', 'email', \(noon), 'given', 'form', \(noon), \(noon + .days(1)))
                """)
            try session.execute(
                """
                insert into quota_use (workspace_id, day, day_events, month, month_events)
                values (\(workspace), \(noon), 1, \(noon), 1)
                """)
            try session.execute(
                "insert into schedules (workspace_id, journey, version, next_at) values (\(workspace), 'j', 1, \(noon))"
            )
            try session.execute(
                """
                insert into broadcasts (
                    workspace_id, journey, occurrence, version, segment, due_at, opened_at, state, looked_at)
                values (\(workspace), 'j', '2026-03-02T09:00', 1, 's', \(noon), \(noon), 'done', \(noon))
                """)
            try session.execute(
                "insert into throttles (workspace_id, journey, next_at, looked_at) values (\(workspace), 'j', \(noon), \(noon))"
            )
            let sender = SenderPauses.Sender(workspace: workspace, domain: "shop.example", class: .marketing)
            _ = try SenderPauses.begin([SenderPauses.Pause(sender: sender, at: noon)], in: session)
            try session.execute(
                "insert into send_quota (workspace_id, bucket) values (\(workspace), 'site google')")
            try session.execute(
                "insert into send_lines (workspace_id, line, next_at, served_at) values (\(workspace), 'l', \(noon), \(noon))"
            )
            try session.execute(
                """
                insert into mail_counts (workspace_id, journey, step, template, kind, visitor, day, count)
                values (\(workspace), 'j', 's', 't', 'open', 'human', 1, 1)
                """)
            try session.execute(
                """
                insert into send_sessions (claim_id, workspace_id, bucket, sessions)
                values (\(id("claim \(workspace)")), \(workspace), 'site google', 1)
                """)
            try session.execute(
                "insert into kill_switches (workspace_id, at, author) values (\(workspace), \(noon), 'test')")
            try session.execute(
                "insert into entry_caps (workspace_id, journey, entered) values (\(workspace), 'j', 1)")
            try session.execute(
                "insert into entry_times (workspace_id, journey, at, entered) values (\(workspace), 'j', \(noon), 1)")
            let tested = TestResults.Place(workspace: workspace, journey: "j", step: "s", entryAt: noon)
            try TestResults.decide(
                TestResults.Result(place: tested, winner: "a", scores: [], decidedAt: noon), in: session)
            let item = SetAside.Item(
                id: id("item \(workspace)"), queue: "events", lane: "live", reason: "a test", body: [], attempts: 1,
                setAsideAt: noon, workspace: workspace)
            try SetAside.add([item], in: session)
        }

        /// Runs `body` bound to the workspace named `name`.
        func bound<R: Sendable>(
            to name: String, _ body: @escaping @Sendable (PostgresSession) throws -> R
        ) async throws -> R {
            try await database.pool.withTransaction { session in
                try Standing.workspace(name).take(in: session)
                return try body(session)
            }
        }
    }

    /// Which workspaces' rows each table and view shows, where it shows any.
    private static func seen(_ session: PostgresSession) throws -> [String: Set<WorkspaceID>] {
        var seen: [String: Set<WorkspaceID>] = [:]
        for table in try workspaceTables(session) {
            do {
                let rows = try session.savepoint {
                    try session.query("select distinct workspace_id from \(identifier: table)")
                }
                seen[table] = Set(try rows.map { try $0[0, as: WorkspaceID.self] })
            } catch let error as PostgresError where error.sqlState == "42501" {
                continue
            }
        }
        return seen
    }

    private static func workspaceTables(_ session: PostgresSession) throws -> [String] {
        try session.query(
            """
            select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid
            where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v') and not c.relispartition
                and a.attname = 'workspace_id'
            """
        ).map { try $0[0, as: String.self] }
    }

    @Test func aBoundSessionSeesItsWorkspaceInEveryTable() async throws {
        try await Pair.with { pair in
            let everything = try await pair.database.pool.withTransaction { session in
                try Standing.cell.take(in: session)
                return try Self.seen(session)
            }
            let bound = try await pair.bound(to: "ours") { try Self.seen($0) }
            let unbound = try await pair.bound(to: "nobody's") { try Self.seen($0) }
            #expect(bound.count >= 18)
            for (table, workspaces) in bound {
                // A table without rows would prove nothing.
                #expect(everything[table] == [pair.ours, pair.theirs], "\(table) is filled")
                #expect(workspaces == [pair.ours], "\(table)")
            }
            #expect(unbound.filter { !$0.value.isEmpty } == [:])
        }
    }

    @Test func aBoundSessionChangesNothingOfAnother() async throws {
        try await Pair.with { pair in
            let theirs = pair.theirs
            try await pair.bound(to: "ours") { session in
                let changes: [Query] = [
                    "update workspaces set revision = revision + 1", "update keys set revoked_at = \(noon)",
                    "update journeys set live_version = null", "update set_aside set replayed_at = \(noon)",
                ]
                for change in changes {
                    let count = try session.execute(change)
                    #expect(count == 1, "\(change)")
                }
                let additions: [Query] = [
                    "insert into keys values (\(theirs), 'x', 'server', '\\x01', \(noon))",
                    "insert into definitions values (\(theirs), 9, '{}', \(noon), 'x')",
                    "insert into journeys values (\(theirs), 'x', 1)",
                    "insert into journey_versions values (\(theirs), 'x', 1, 1, '', \(noon))",
                    // An own row does not become another's.
                    "update workspaces set name = 'theirs'",
                ]
                for addition in additions {
                    let error = #expect(throws: PostgresError.self) {
                        _ = try session.savepoint { try session.execute(addition) }
                    }
                    #expect(error?.sqlState == "42501", "\(addition)")
                }
            }
            let untouched = try await pair.database.pool.withConnection { session in
                try session.value(
                    """
                    select (select count(*) from keys where revoked_at is null and workspace_id = \(theirs))
                        + (select count(*) from journeys where live_version = 1 and workspace_id = \(theirs))
                        + (select count(*) from set_aside where replayed_at is null and workspace_id = \(theirs))
                        + (select revision from workspaces where workspace_id = \(theirs))
                    """, as: Int64.self)
            }
            #expect(untouched == 4)
        }
    }

    @Test func anAddressIsLookedForInTheBoundWorkspaceAlone() async throws {
        try await Pair.with { pair in
            let (ours, theirs) = (pair.ours, pair.theirs)
            let found = try await pair.bound(to: "ours") { session in
                (
                    try ContactDirectory.find("Anne@Example.com", in: ours, session: session),
                    try ContactDirectory.find("Anne@Example.com", in: theirs, session: session)
                )
            }
            #expect(found.0 == [contact("anne", in: ours)])
            #expect(found.1 == [])
        }
    }

    @Test func aStandingEndsWithItsTransaction() async throws {
        try await Pair.with { pair in
            let pool = try pair.database.pool(connections: 1)
            _ = try await pool.withTransaction { try Standing.workspace("ours").take(in: $0) }
            let after = try await pool.withConnection { session in
                try session.query("select current_user = session_user, current_setting('loods.workspace')")[0]
                    .decode((Bool.self, String.self))
            }
            #expect(after == (true, ""))
        }
    }

    @Test func whoIsNoMemberIsToldSo() async throws {
        try await TestDatabase.with { database in
            let reader = try database.pool(connections: 1)
            await #expect(throws: StoreError.self) {
                try await reader.withTransaction { session in
                    // A session of its own, as the login `loods_reader` has it.
                    try session.execute("set local session authorization loods_reader")
                    try Standing.cell.take(in: session)
                }
            }
        }
    }
}
