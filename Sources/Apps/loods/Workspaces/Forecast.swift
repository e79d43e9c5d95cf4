import JourneyProgram
import Model
import Postgres
import Store
import Transit
import Workspaces

/// What a change of definitions meets in the live store, counted before anything is changed.
struct Forecast: Sendable {
    /// An e-mail step that runs are about to come to.
    struct Mail: Sendable, Hashable {
        var step: String
        /// Runs that come to it whatever their contact.
        var certain: Int64 = 0
        /// Runs that come to it or to another branch.
        var possible: Int64 = 0
    }

    /// What stands in the store of one journey.
    struct Counts: Sendable {
        /// The runs that have not ended, by version and step.
        var standings: [JourneyCensus.Standing] = []
        /// Runs that began in the last fourteen days.
        var recentEntries: Int64 = 0
        /// Mails of the next 24 hours by the waits that are over by then, the first that each run comes to.
        var mails: [Mail] = []
        /// Messages that are planned already and due in the next 24 hours.
        var planned: Int64 = 0
        /// Members of its segment that the apply itself lets in.
        var entering: Int64?

        var inFlight: Int64 { standings.reduce(0) { $0 + $1.runs } }
    }

    static let entryDays: Int64 = 14

    private(set) var byJourney: [String: Counts] = [:]

    subscript(journey: String) -> Counts { byJourney[journey] ?? Counts() }

    init() {}

    init(of workspace: WorkspaceID, now: Timestamp, in session: PostgresSession) throws {
        let horizon = now + .days(1)
        let definitions = DefinitionsCache()
        for standing in try JourneyCensus.standings(of: workspace, horizon: horizon, in: session) {
            byJourney[standing.journey, default: Counts()].standings.append(standing)
            guard let mail = try Self.mail(standing, of: workspace, definitions, in: session) else { continue }
            byJourney[standing.journey]?.add(mail)
        }
        let since = now - .days(Self.entryDays)
        for (journey, count) in try JourneyCensus.entries(into: workspace, after: since, in: session) {
            byJourney[journey, default: Counts()].recentEntries = count
        }
        for (journey, count) in try JourneyCensus.plannedMessages(of: workspace, by: horizon, in: session) {
            byJourney[journey, default: Counts()].planned = count
        }
    }

    mutating func note(_ entering: Int64, of journey: String) {
        byJourney[journey, default: Counts()].entering = entering
    }

    /// What runs at a step send next, by the version that they are on.
    private static func mail(
        _ standing: JourneyCensus.Standing, of workspace: WorkspaceID, _ definitions: DefinitionsCache,
        in session: PostgresSession
    ) throws -> Mail? {
        let isArriving = standing.phase == "arriving"
        var count = isArriving ? standing.runs : standing.due
        guard count > 0 else { return nil }
        let journey = try Self.journey(standing, of: workspace, definitions, in: session)
        // Of those that wait for their turn only so many begin in a day.
        if isArriving, let throttle = journey?.throttle { count = min(count, throttle.most(within: .days(1))) }
        let (step, visit) = (standing.step, Int(standing.visit))
        let next =
            isArriving ? journey?.nextMail(at: step, visit: visit) : journey?.nextMail(behind: step, visit: visit)
        return next.map { Mail(step: $0.step, certain: $0.isCertain ? count : 0, possible: $0.isCertain ? 0 : count) }
    }

    /// Nil for a version that this build cannot read: no reason to refuse what may mend it.
    private static func journey(
        _ standing: JourneyCensus.Standing, of workspace: WorkspaceID, _ definitions: DefinitionsCache,
        in session: PostgresSession
    ) throws -> Journey? {
        do {
            let revision = try definitions.revision(
                of: standing.journey, version: standing.version, in: workspace, session: session)
            return try definitions.workspace(workspace, revision: revision, in: session)
                .journey(named: standing.journey)?.journey
        } catch is DefinitionsError {
            return nil
        } catch StoreError.missingRevision {
            return nil
        }
    }
}

extension Forecast.Counts {
    fileprivate mutating func add(_ mail: Forecast.Mail) {
        guard let index = mails.firstIndex(where: { $0.step == mail.step }) else { return mails.append(mail) }
        mails[index].certain += mail.certain
        mails[index].possible += mail.possible
    }

    /// The runs of each version, oldest first.
    var versions: [(version: Int32, runs: Int64, steps: [(step: String, runs: Int64)])] {
        Dictionary(grouping: standings, by: \.version).sorted { $0.key < $1.key }.map { version, standings in
            let steps = Dictionary(grouping: standings, by: \.step).mapValues { $0.reduce(0) { $0 + $1.runs } }
            return (
                version, standings.reduce(0) { $0 + $1.runs },
                steps.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
            )
        }
    }
}
