import JourneyProgram
import Model
import Postgres
import ServiceRuntime
import Store
import Workspaces

/// What applying a workspace's files changes, computed under the workspace's lock or just to look.
struct Application: Sendable {
    /// What becomes of one journey.
    struct JourneyChange: Sendable {
        enum Kind: String, Sendable { case added, changed, resumed, retired, unchanged }

        var journey: String
        var kind: Kind
        /// Before; nil where there is none.
        var previous: Int32?
        /// The version that takes entries now; nil where none does.
        var version: Int32?
    }

    let workspace: String
    let isNew: Bool
    /// The revision that is live before.
    let before: Int32
    let journeys: [JourneyChange]
    let added: [String]
    let changed: [String]
    let removed: [String]
    /// What these say, definition by definition.
    let difference: WorkspaceDifference
    /// What stands in the store, counted.
    let forecast: Forecast
    /// Who made live what is live; nil for a new workspace.
    let signature: Definitions.Signature?
    /// Files that are here as they were before somebody changed them since.
    let outdated: [Definitions.Outdated]
    /// Scores whose rules change although events have left the log, and since when it goes back no further.
    let recounted: (scores: [String], horizon: Timestamp)?
    /// Runs that move to newer versions, once the definitions are live.
    let migrations: [RunMigration]
    /// Versions whose runs send the new wording.
    let rewordings: [Rewording]
    /// The journeys on a schedule, each with the time that comes next and how many it would go to.
    let broadcasts: [Dispatch]
    /// How many contacts would be in the segments that change, as far as that was asked for.
    var segments: [SegmentForecast] = []
    private let live: [Definitions.JourneyVersion]
    private let entrances: [Entrance]

    var changesAnything: Bool {
        changesDefinitions || migrations.contains { $0.moving > 0 } || rewordings.contains { $0.changesAnything }
    }

    private var changesDefinitions: Bool {
        before == 0 || !added.isEmpty || !changed.isEmpty || !removed.isEmpty
            || journeys.contains { $0.kind != .unchanged }
    }

    /// The revision that is live afterwards.
    var after: Int32 { changesDefinitions ? before + 1 : before }

    /// - Parameter entry: nil where the workspace does not exist yet.
    init(
        _ definitions: Workspace, files: [String: String], as name: String, over entry: WorkspaceRegister.Entry?,
        order: ApplyOrder, now: Timestamp, in session: PostgresSession
    ) throws {
        workspace = name
        isNew = entry.map { $0.revision == 0 } ?? true
        before = entry?.revision ?? 0
        var old: Workspace?
        var stored: [String: String] = [:]
        var latest: [String: Definitions.JourneyVersion] = [:]
        var live: [String: Definitions.JourneyVersion] = [:]
        if let entry, before > 0 {
            stored = try Definitions.files(of: entry.id, revision: before, in: session)
            old = Workspace.load(files: stored).workspace
            if let old { try Self.refuseConflicts(of: definitions, with: old) }
            latest = try Definitions.latestVersions(of: entry.id, in: session)
            try Self.refuseReusedSteps(
                of: definitions, latest: latest, among: try Definitions.versions(of: entry.id, in: session),
                in: entry.id,
                session)
            for version in try Definitions.liveJourneys(of: entry.id, in: session) { live[version.journey] = version }
        }
        let isKnown = before > 0
        recounted = try EventRetention.read(in: session).horizon.map { horizon in
            let changed = definitions.scores.filter { model in
                old?.score(named: model.name).map { !$0.countsAs(model) } ?? isKnown
            }
            return (changed.map(\.name), horizon)
        }
        added = files.keys.filter { stored[$0] == nil }.sorted()
        removed = stored.keys.filter { files[$0] == nil }.sorted()
        let changed = files.keys.filter { stored[$0] != nil && stored[$0] != files[$0] }.sorted()
        self.changed = changed
        (journeys, self.live) = Self.journeys(definitions, latest: latest, live: live, revision: before + 1)
        difference = WorkspaceDifference(from: stored, to: files)
        entrances = journeys.compactMap { Entrance(of: $0, definitions, before: old) }
        broadcasts = try Dispatch.all(of: definitions, in: before > 0 ? entry?.id : nil, now: now, session)
        guard let entry, before > 0 else {
            (forecast, signature, outdated, migrations, rewordings) = (Forecast(), nil, [], [], [])
            return
        }
        var forecast = try Forecast(of: entry.id, now: now, in: session)
        migrations = try Self.migrations(order.migrate, definitions, journeys, forecast, in: entry.id, session)
        try forecast.noteMails(after: migrations, of: entry.id, now: now, in: session)
        for entrance in entrances {
            guard let journey = definitions.journey(named: entrance.journey)?.journey else { continue }
            forecast.note(try entrance.count(in: entry.id, session), of: journey)
        }
        self.forecast = forecast
        rewordings =
            order.content ? try Self.rewordings(definitions, journeys, forecast, in: entry.id, session) : []
        signature = try Definitions.signature(of: before, in: entry.id, session: session)
        outdated = try Definitions.outdated(
            files.filter { changed.contains($0.key) }, in: entry.id, session: session)
    }

    private static func journeys(
        _ definitions: Workspace, latest: [String: Definitions.JourneyVersion],
        live: [String: Definitions.JourneyVersion], revision: Int32
    ) -> ([JourneyChange], [Definitions.JourneyVersion]) {
        var changes: [JourneyChange] = []
        var versions: [Definitions.JourneyVersion] = []
        for definition in definitions.journeys {
            let name = definition.journey.name
            let last = latest[name]
            let digest = definition.digest.description
            let next =
                if let last, last.digest == digest { last } else {
                    Definitions.JourneyVersion(
                        journey: name, version: (last?.version ?? 0) + 1, revision: revision, digest: digest)
                }
            let kind: JourneyChange.Kind =
                last == nil
                ? .added : next.version != last?.version ? .changed : live[name] == nil ? .resumed : .unchanged
            changes.append(
                JourneyChange(journey: name, kind: kind, previous: last?.version, version: next.version))
            versions.append(next)
        }
        for (name, version) in live where definitions.journey(named: name) == nil {
            changes.append(JourneyChange(journey: name, kind: .retired, previous: version.version, version: nil))
        }
        return (changes.sorted { $0.journey < $1.journey }, versions)
    }

    private static func migrations(
        _ names: [String], _ definitions: Workspace, _ journeys: [JourneyChange], _ forecast: Forecast,
        in workspace: WorkspaceID, _ session: PostgresSession
    ) throws -> [RunMigration] {
        try Set(names).sorted().map { name in
            guard let journey = definitions.journey(named: name)?.journey,
                let version = journeys.first(where: { $0.journey == name })?.version
            else {
                throw ExitFault(
                    code: .failures,
                    message: "there is no journey \"\(name)\" to migrate runs to; nothing has been changed")
            }
            return try RunMigration(
                to: journey, version: version, standings: forecast[name].standings, of: workspace, in: session)
        }
    }

    private static func rewordings(
        _ definitions: Workspace, _ journeys: [JourneyChange], _ forecast: Forecast, in workspace: WorkspaceID,
        _ session: PostgresSession
    ) throws -> [Rewording] {
        let orders = try StandingOrders(of: [workspace], in: session)
        return try forecast.byJourney.keys.sorted().map { name in
            try Rewording(
                of: name, live: journeys.first { $0.journey == name }?.version, to: definitions,
                standings: forecast[name].standings, orders: orders, in: workspace, session: session)
        }
    }

    /// Writes it; `entry` is locked in this transaction.
    func write(
        _ files: [String: String], to entry: WorkspaceRegister.Entry, by author: String, because reason: String?,
        clock: DomainClock.Reading, in session: PostgresSession
    ) throws {
        if changesDefinitions {
            _ = try Definitions.store(
                files: files, for: entry, by: author, reason: reason, now: clock.now, in: session)
            try Schedules.publish(
                broadcasts.compactMap { $0.plan(among: live) }, in: entry.id, now: clock.now, session: session)
            try Definitions.publish(live, in: entry.id, now: clock.now, session: session)
            for entrance in entrances { try entrance.open(in: entry.id, clock: clock, session) }
        }
        for rewording in rewordings {
            try rewording.write(
                to: after, by: author, because: reason, in: entry.id, now: clock.now, session)
        }
    }
}
