import Expressions
import JourneyProgram
import Model
import Postgres
import SendGate
import ServiceRuntime
import Simulation
import Store
import Workspaces

/// What came of the past by the live definitions and by others.
struct PastComparison: Sendable {
    /// Contacts whose past is read at a time.
    private static let portion: Int32 = 500

    let workspace: String
    let start: Timestamp
    let live: Side
    let proposed: Side
    let differences: PastDifferences

    /// One of the two.
    struct Side: Sendable {
        let workspace: Workspace
        let simulator: Simulator
        var account: CrowdCount
        private var letterboxes = Letterboxes()

        init(_ workspace: Workspace, from start: Timestamp) {
            self.workspace = workspace
            simulator = Simulator(workspace)
            account = CrowdCount(from: start, in: workspace.zone)
        }

        /// The events that its definitions look at.
        var names: Set<String> {
            workspace.scores.reduce(into: workspace.interestingEvents.union(workspace.policy.eventsAsked)) {
                $0.formUnion($1.mentionedEvents)
            }
        }

        /// - Parameter past: of the contact whose id comes next.
        /// - Returns: what came of it since `start`.
        mutating func play(_ past: Past, from start: Timestamp, until end: Timestamp) -> [Happening] {
            var play = ContactPlay(past.contact, in: simulator, at: min(past.events.first?.event.at ?? start, start))
            play.letterboxes = letterboxes
            letterboxes = Letterboxes()
            play.run(past.events, until: end)
            letterboxes = play.letterboxes
            let story = play.story.filter { $0.at >= start }
            account.add(story)
            return story
        }
    }

    /// Plays all contacts, or the first of them.
    ///
    /// - Parameter path: a file for all with whom the files come to something else, as a table or lines of JSON.
    static func make(
        of proposed: Workspace, since: Span, sample: Int?, by choice: WorkspaceChoice, namingAll path: String?,
        on pool: PostgresPool
    ) async throws -> PastComparison {
        let (entry, now, files, total) = try await pool.withTransaction { session in
            let entry = try choice.enter(in: session)
            let census = try ContactDirectory.census(of: entry.id, in: session)
            return (
                entry, try DomainClock.read(in: session),
                entry.revision > 0 ? try Definitions.files(of: entry.id, revision: entry.revision, in: session) : [:],
                Int(census.contacts)
            )
        }
        guard let current = Workspace.load(files: files).workspace else {
            throw ExitFault(
                code: .failures,
                message: "workspace \(entry.name) has nothing live that the files could be compared with")
        }
        let start = now - since
        var (live, other) = (Side(current, from: start), Side(proposed, from: start))
        var differences = PastDifferences()
        var output = try path.map { path in
            try RecordOutput(
                path.hasSuffix(".jsonl") ? .jsonl : .csv, columns: PastDifferences.Record.columns, path: path,
                continues: false)
        }
        let names = live.names.union(other.names).union(Past.alwaysAsked).subtracting(Past.ownOutcomes)
        let sales = live.workspace.policy.saleEvents.union(other.workspace.policy.saleEvents)
        let store = CommandStore(pool: pool, standing: .workspace(entry.name))
        let goal = min(total, sample ?? total)
        var (last, played, progress): (UniqueID?, Int, Progress) = (nil, 0, Progress("contacts"))
        while played < goal {
            let limit = min(portion, Int32(goal - played))
            let pasts = try await store.transaction { [last] session in
                try Past.load(
                    of: entry.id, names: names, sales: sales, after: last, limit: limit, in: session)
            }
            guard let end = pasts.last?.contact.id else { break }
            for past in pasts {
                let stories = (
                    live.play(past, from: start, until: now), other.play(past, from: start, until: now)
                )
                let records = differences.add(past.name, live: stories.0, files: stories.1)
                try output?.write(records.map(\.cells))
            }
            (last, played) = (end, played + pasts.count)
            progress.show(played, fraction: Double(played) / Double(max(1, goal)))
        }
        progress.end()
        return PastComparison(
            workspace: entry.name, start: start, live: live, proposed: other, differences: differences)
    }

    var failures: [String] { live.account.failures.union(proposed.account.failures).sorted() }

    // MARK: Telling

    private var journeys: [String] {
        let names = proposed.workspace.journeys.map(\.journey.name)
        return names + live.workspace.journeys.map(\.journey.name).filter { !names.contains($0) }
    }

    private var steps: [CrowdCount.Step] {
        let all = [proposed, live].flatMap { side in
            side.workspace.journeys.flatMap { definition in
                definition.journey.sendingSteps.map { CrowdCount.Step(journey: definition.journey.name, step: $0) }
            }
        }
        var known: Set<CrowdCount.Step> = []
        return all.filter { known.insert($0).inserted }
    }

    func show() {
        let zone = proposed.workspace.zone
        print(
            "\(live.account.contacts.counted("contact")) since \(LocalTime(start, in: zone).full), live → these files\n"
        )
        let ends = Happening.Outcome.allCases
        CrowdTelling.show(
            [["journeys", "entered"] + ends.map(\.rawValue) + ["under way"]]
                + journeys.map { name in
                    let (old, new) = (live.account.runs[name], proposed.account.runs[name])
                    let counts =
                        [(old?.started ?? 0, new?.started ?? 0)]
                        + ends.map { (old?.ended[$0] ?? 0, new?.ended[$0] ?? 0) }
                        + [(old?.underWay ?? 0, new?.underWay ?? 0)]
                    return [name] + counts.map(Self.told)
                })
        print("")
        CrowdTelling.show(
            [["mails", "sent", "not sent", "held"]]
                + steps.map { step in
                    let (old, new) = (live.account.mails[step], proposed.account.mails[step])
                    let counts = [
                        (old?.sent ?? 0, new?.sent ?? 0), (old?.skipped ?? 0, new?.skipped ?? 0),
                        (old?.held ?? 0, new?.held ?? 0),
                    ]
                    return ["\(step.journey)/\(step.step)"] + counts.map(Self.told)
                })
        let rows = differences.rows(along: steps)
        if !rows.isEmpty {
            print("\n\(Console.dim("who"))")
            let width = rows.map(\.label.count).max() ?? 0
            for row in rows { print("\(row.label.padded(to: width))  \(row.words)") }
        }
        print("\nat most \(Self.told((live.account.most, proposed.account.most))) mails to one contact")
        let queued = proposed.workspace.journeys.map(\.journey).filter { $0.throttle != nil || !$0.entry.caps.isEmpty }
        if !queued.isEmpty {
            print(
                "left out: how many others come at once, which throttles and entry caps of "
                    + "\(queued.map(\.name).sorted().joined(separator: ", ")) go by")
        }
        for failure in failures { print("cannot go on: \(failure)") }
    }

    /// One number where both are the same.
    private static func told(_ counts: (old: Int, new: Int)) -> String {
        counts.old == counts.new ? counts.old.grouped : "\(counts.old.grouped) → \(counts.new.grouped)"
    }

    var json: JSON {
        .object([
            "workspace": .string(workspace), "since": .string(start.description),
            "contacts": .int(Int64(live.account.contacts)), "live": live.account.json, "files": proposed.account.json,
            "differences": differences.json,
        ])
    }
}
