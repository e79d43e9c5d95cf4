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
        /// Runs that ever began.
        var entered: Int64 = 0
        /// Mails of the next 24 hours to those under way and those who are let in, if nothing happens to them meanwhile.
        var mails: [Mail] = []
        /// Messages that are planned already and due in the next 24 hours.
        var planned: Int64 = 0
        /// Members of its segment that the apply itself lets in.
        var entering: Int64?

        var inFlight: Int64 { standings.reduce(0) { $0 + $1.runs } }
    }

    static let entryDays: Int64 = 14
    private static let day = Span.days(1)

    private(set) var byJourney: [String: Counts] = [:]

    subscript(journey: String) -> Counts { byJourney[journey] ?? Counts() }

    init() {}

    init(of workspace: WorkspaceID, now: Timestamp, in session: PostgresSession) throws {
        let horizon = now + Self.day
        for standing in try JourneyCensus.standings(of: workspace, horizon: horizon, in: session) {
            byJourney[standing.journey, default: Counts()].standings.append(standing)
        }
        for (journey, count) in try JourneyCensus.entries(into: workspace, after: .distantPast, in: session) {
            byJourney[journey, default: Counts()].entered = count
        }
        let since = now - .days(Self.entryDays)
        for (journey, count) in try JourneyCensus.entries(into: workspace, after: since, in: session) {
            byJourney[journey, default: Counts()].recentEntries = count
        }
        for (journey, count) in try JourneyCensus.plannedMessages(of: workspace, by: horizon, in: session) {
            byJourney[journey, default: Counts()].planned = count
        }
    }

    /// Notes how many members of its segment a journey lets in at once, and what is then sent to them.
    mutating func note(_ entering: Int64, of journey: Journey) {
        byJourney[journey.name, default: Counts()].entering = entering
        for mail in journey.comingMails(within: Self.day) {
            // They wait for their turns, and it is a while from there to the mail.
            let span = Span(microseconds: Self.day.microseconds - mail.after.microseconds)
            let most = journey.throttle?.most(within: span) ?? entering
            let room = journey.entry.caps.map(\.atMost).min() ?? entering
            byJourney[journey.name]?.add(mail, count: min(entering, most, room))
        }
    }

    /// Notes what is sent to the runs under way, by the versions that they are on once they have moved.
    mutating func noteMails(
        after migrations: [RunMigration], of workspace: WorkspaceID, now: Timestamp, in session: PostgresSession
    ) throws {
        let course = RunCourse(of: workspace, migrations, in: session)
        var coming: [(mail: Journey.ComingMail, question: JourneyCensus.Question)] = []
        for standing in byJourney.sorted(by: { $0.key < $1.key }).flatMap(\.value.standings) {
            for mail in try course.mails(of: standing, within: Self.day) {
                coming.append((mail, JourneyCensus.Question(standing, by: now + Self.day - mail.after)))
            }
        }
        let counts = try JourneyCensus.released(coming.map(\.question), of: workspace, now: now, in: session)
        for (each, count) in zip(coming, counts) where count > 0 {
            let most = try course.most(of: each.question.standing, within: Self.day)
            byJourney[each.question.standing.journey]?.add(each.mail, count: min(count, most ?? count))
        }
    }
}

/// What runs come to from where they stand.
private struct RunCourse {
    private let workspace: WorkspaceID
    private let session: PostgresSession
    private let migrations: [String: RunMigration]
    private let definitions = DefinitionsCache()

    init(of workspace: WorkspaceID, _ migrations: [RunMigration], in session: PostgresSession) {
        self.workspace = workspace
        self.session = session
        self.migrations = Dictionary(migrations.map { ($0.journey, $0) }) { first, _ in first }
    }

    /// The mails of a length of time, counted from where the wait at hand ends.
    func mails(of standing: JourneyCensus.Standing, within span: Span) throws -> [Journey.ComingMail] {
        guard let (journey, step) = try place(of: standing) else { return [] }
        let visit = Int(standing.visit)
        switch standing.phase {
        case "arriving": return journey.comingMails(at: step, visit: visit, within: span)
        case "waiting", "waiting for event": return journey.comingMails(behind: step, visit: visit, within: span)
        case "sending":
            // When its message is through is not known.
            return journey.comingMails(behind: step, visit: visit, within: span).map { mail in
                var mail = mail
                mail.isCertain = false
                return mail
            }
        default: return []
        }
    }

    /// Of those that wait for their turn only so many begin in a length of time; nil where all may.
    func most(of standing: JourneyCensus.Standing, within span: Span) throws -> Int64? {
        guard standing.phase == "arriving", let throttle = try place(of: standing)?.journey.throttle else { return nil }
        return throttle.most(within: span)
    }

    /// Where they go on once they have moved.
    private func place(of standing: JourneyCensus.Standing) throws -> (journey: Journey, step: String)? {
        if let moved = migrations[standing.journey]?.place(of: standing) { return moved }
        return try journey(of: standing).map { ($0, standing.step) }
    }

    /// Nil for a version that this build cannot read: no reason to refuse what may mend it.
    private func journey(of standing: JourneyCensus.Standing) throws -> Journey? {
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
    fileprivate mutating func add(_ mail: Journey.ComingMail, count: Int64) {
        let index = mails.firstIndex { $0.step == mail.step } ?? mails.endIndex
        if index == mails.endIndex { mails.append(Forecast.Mail(step: mail.step)) }
        if mail.isCertain { mails[index].certain += count } else { mails[index].possible += count }
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
