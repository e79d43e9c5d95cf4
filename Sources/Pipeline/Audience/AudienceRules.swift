import Expressions
import JourneyProgram
import Model
import Store
import Synchronization
import Workspaces

/// A workspace's live definitions as scoring asks them, with what has been worked out about them: contacts are much alike.
final class AudienceRules: Sendable {
    let revision: Int32
    let workspace: Workspace
    let stages: StageQuestions
    let segments: SegmentQuestions
    /// Whether points of some score have an end.
    let haveEnds: Bool
    /// The events on which journeys start.
    let entryEvents: Set<String>
    /// Per event, the entry events whose conditions look back at it.
    private let lookedBackAt: [String: Set<String>]
    /// The segments on whose entering and leaving journeys start, each with whether one takes those whom a definition found
    /// there, or outside.
    private let (entrySegments, exitSegments): ([String: Bool], [String: Bool])
    /// The dates with which journeys start, by their names.
    let dates: [(journey: String, date: ContactDate)]
    private let workedOut = Mutex(WorkedOut())
    private static let limit = 4096

    private struct WorkedOut {
        var questions: [Occasion: Questions] = [:]
        var quiet: [Moment: Bool] = [:]
        /// Of earlier revisions, whether they make the same of every contact.
        var alike: [Int32: Bool] = [:]
    }

    /// What may be asked of a contact, and what must be loaded to ask.
    final class Questions: Sendable {
        /// The places of the stages.
        let stages: Set<Int>
        /// The places of the segments and personas.
        let segments: Places
        let needs: StageQuestions.Needs

        fileprivate init(stages: Set<Int>, segments: Places, needs: StageQuestions.Needs) {
            (self.stages, self.segments, self.needs) = (stages, segments, needs)
        }
    }

    private struct Occasion: Hashable {
        let stage: String?
        let stirrings: Stirrings
    }

    private struct Moment: Hashable {
        let event: String
        let stage: String?
    }

    init(_ workspace: Workspace, revision: Int32) {
        self.revision = revision
        self.workspace = workspace
        stages = StageQuestions(workspace)
        segments = SegmentQuestions(workspace)
        haveEnds = workspace.scores.contains(where: \.hasEnds)
        var (entrySegments, exitSegments): ([String: Bool], [String: Bool]) = ([:], [:])
        var entryEvents: Set<String> = []
        var lookedBackAt: [String: Set<String>] = [:]
        for journey in workspace.journeys.map(\.journey) {
            switch journey.entry.trigger {
            case .segment(let name, let backfill): entrySegments[name] = entrySegments[name] == true || backfill
            case .left(let name, let backfill): exitSegments[name] = exitSegments[name] == true || backfill
            case .stage, .date, .broadcast, .called: break
            case .event(let name, let when):
                entryEvents.insert(name)
                for mentioned in when?.mentionedEvents ?? [] { lookedBackAt[mentioned, default: []].insert(name) }
            }
        }
        self.entryEvents = entryEvents
        self.lookedBackAt = lookedBackAt
        dates = workspace.journeys.map(\.journey).compactMap { journey in
            if case .date(let date, _) = journey.entry.trigger { (journey.name, date) } else { nil }
        }
        (self.entrySegments, self.exitSegments) = (entrySegments, exitSegments)
    }

    /// What may be asked of a contact in a stage; worked out once for all that are alike.
    func questions(above stage: String?, _ stirrings: Stirrings) -> Questions {
        let occasion = Occasion(stage: stage, stirrings: stirrings)
        if let questions = workedOut.withLock({ $0.questions[occasion] }) { return questions }
        let places = stages.asked(above: stage, stirrings)
        let mayAdvance = !places.isEmpty || stirrings.names.contains(EventNames.stageGiven)
        let asked = segments.asked(stirrings, mayAdvance: mayAdvance)
        var needs = stages.needs(of: places).union(segments.needs(of: asked))
        if asksDates(stirrings) { needs.attributes = true }
        let questions = Questions(stages: places, segments: asked, needs: needs)
        workedOut.withLock { known in
            // Names of events are the senders' own.
            if known.questions.count >= Self.limit { known.questions = [:] }
            known.questions[occasion] = questions
        }
        return questions
    }

    /// Whether dates may have come, or become others.
    func asksDates(_ stirrings: Stirrings) -> Bool {
        !dates.isEmpty && (stirrings.isWoken || stirrings.describes || stirrings.isAfresh)
    }

    /// Whether an event of this name gives points at most to a contact in a stage, and so nothing is to be asked.
    func isQuiet(_ event: String, above stage: String?) -> Bool {
        let moment = Moment(event: event, stage: stage)
        if let isQuiet = workedOut.withLock({ $0.quiet[moment] }) { return isQuiet }
        let questions = questions(above: stage, Stirrings(names: [event]))
        let isPlaced = workspace.stages.isEmpty || workspace.place(of: stage) >= 0
        let isQuiet =
            isPlaced && questions.stages.isEmpty && questions.segments.isEmpty && !EventNames.consents.contains(event)
            && event != EventNames.stageGiven && !workspace.scores.contains { $0.caps(event) }
        workedOut.withLock { known in
            if known.quiet.count >= Self.limit { known.quiet = [:] }
            known.quiet[moment] = isQuiet
        }
        return isQuiet
    }

    /// Whether a contact evaluated under a revision may be something else under this one.
    func differ(from evaluated: Int32) -> Bool {
        evaluated != revision && !(workedOut.withLock { $0.alike[evaluated] } ?? false)
    }

    /// Compares earlier revisions with this one, each once.
    ///
    /// - Parameter isAlike: whether a revision makes the same of every contact.
    func compare(_ revisions: Set<Int32>, _ isAlike: (Int32) throws -> Bool) rethrows {
        for other in revisions where other != revision && workedOut.withLock({ $0.alike[other] }) == nil {
            let alike = try isAlike(other)
            workedOut.withLock { $0.alike[other] = alike }
        }
    }

    /// Whether a journey may start with a move.
    func mayStart(_ move: SegmentMembers.Move) -> Bool {
        let segments = move.isEntry ? entrySegments : exitSegments
        guard let takesBackfill = segments[move.segment] else { return false }
        return takesBackfill || move.cause != .backfill
    }

    /// The entry events whose conditions may come out otherwise once `names` stand before them in the history.
    func entries(lookingBackAt names: some Sequence<String>) -> Set<String> {
        names.reduce(into: []) { $0.formUnion(lookedBackAt[$1] ?? []) }
    }

    /// All entry events whose conditions look back at all.
    var historicEntries: Set<String> { lookedBackAt.values.reduce(into: []) { $0.formUnion($1) } }
}
