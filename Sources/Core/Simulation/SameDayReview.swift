import JourneyProgram
public import Model
public import Workspaces

/// Finds journeys that begin together and then mail one contact on one day, by playing a crowd through the workspace.
public struct SameDayReview {
    private static let people = 300
    private static let span = Span.days(60)
    /// What takes more turns does not come to rest, and others tell of that.
    private static let turns = 5_000

    private let workspace: Workspace
    private let simulator: Simulator
    /// The mails that people need not have.
    private let marketing: Set<String>

    public init(_ workspace: Workspace) {
        self.workspace = workspace
        simulator = Simulator(workspace)
        marketing = Set(workspace.emails.filter { $0.value.ground != .transactional }.keys)
    }

    /// Two journeys with what each sends on such a day.
    private struct Pair: Hashable {
        var first: String
        var second: String
    }

    private struct Meeting {
        /// Days after both began.
        var day: Int
        var mails: [String]
        var times = 0
    }

    /// A warning for each two journeys, at the file of the later named.
    ///
    /// - Parameter today: the play begins on the Monday before, so that it is the same for a week.
    public func findings(today: Timestamp) -> [Finding] {
        guard workspace.journeys.count(where: isMarketing) > 1 else { return [] }
        let week = Span.days(7).microseconds
        // 1970 began on a Thursday.
        let monday = Span.days(4).microseconds
        let start = Timestamp(
            microseconds: (today.microseconds - monday).flooredDivision(by: week).quotient * week + monday)
        var crowd = Crowd(workspace, seed: 1, from: start, for: Self.span)
        var meetings: [Pair: Meeting] = [:]
        for _ in 0..<Self.people {
            var person = crowd.next()
            // Who gets nothing meets nothing.
            person.contact.isHeldOut = false
            var play = ContactPlay(person.contact, in: simulator, at: start, limit: Self.turns)
            play.run(person.events, until: start + Self.span)
            if case .failed? = play.story.last?.what { break }
            note(play.story, in: &meetings)
        }
        return meetings.sorted { ($0.key.first, $0.key.second) < ($1.key.first, $1.key.second) }.compactMap {
            finding($0.key, $0.value)
        }
    }

    private func isMarketing(_ definition: JourneyDefinition) -> Bool {
        !definition.journey.sentTemplates.isDisjoint(with: marketing)
    }

    private func note(_ story: [Happening], in meetings: inout [Pair: Meeting]) {
        var starts: [String: Timestamp] = [:]
        // Of the day at hand: what each journey has sent, and when its run had begun.
        var sent: [(journey: String, mail: String, start: Timestamp, day: Int64)] = []
        var met: Set<Pair> = []
        for line in story {
            guard let journey = line.journey else { continue }
            if case .started = line.what { starts[journey] = line.at }
            guard case .sent(_, _, let template) = line.what, marketing.contains(template),
                let start = starts[journey]
            else { continue }
            let day = day(of: line.at)
            for other in sent where other.journey != journey && other.start == start && other.day == day {
                let isFirst = other.journey < journey
                let pair = Pair(first: isFirst ? other.journey : journey, second: isFirst ? journey : other.journey)
                guard met.insert(pair).inserted else { continue }
                let mails = isFirst ? [other.mail, template] : [template, other.mail]
                meetings[pair, default: Meeting(day: Int(day - self.day(of: start)), mails: mails)].times += 1
            }
            sent.append((journey, template, start, day))
        }
    }

    private func day(of instant: Timestamp) -> Int64 {
        let local = instant + .seconds(workspace.zone.offset(at: instant))
        return local.microseconds.flooredDivision(by: 86_400_000_000).quotient
    }

    private func finding(_ pair: Pair, _ meeting: Meeting) -> Finding? {
        guard let definition = workspace.journey(named: pair.second) else { return nil }
        let when = meeting.day == 0 ? "on the day they begin" : "\(meeting.day) days after they begin"
        return Finding(
            file: definition.file, line: 1, column: 1, severity: .warning, code: .sameDay,
            message: "\"\(pair.first)\" and \"\(pair.second)\" begin together, and mail one contact on one day",
            help: "\(meeting.mails.joined(separator: " and ")), \(when): "
                + "\(meeting.times) of \(Self.people) people in a play")
    }
}
