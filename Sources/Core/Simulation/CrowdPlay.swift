import JourneyProgram
public import Model
import Workspaces

/// A crowd played through a workspace. People know nothing of each other, but where a journey lets few begin at once, there
/// they wait for their turns, first come first served; and what a broadcast tries on some of them decides for the others.
public struct CrowdPlay: Sendable {
    /// How often it is played anew, since who waits comes later to what is behind.
    private static let rounds = 8

    private let simulator: Simulator
    private let people: Crowd
    private let count: Int
    private let start: Timestamp
    private let end: Timestamp

    /// - Parameter people: the first `count` of them are played.
    public init(_ simulator: Simulator, people: Crowd, count: Int, from start: Timestamp, until end: Timestamp) {
        self.simulator = simulator
        self.people = people
        self.count = count
        self.start = start
        self.end = end
    }

    /// What the crowd as a whole comes to.
    private struct Together: Equatable {
        /// Of each person, when entries came that a throttle concerns.
        var asked: [Int: [TurnPlace: Timestamp]] = [:]
        /// The same of a cap.
        var entries: [Int: [TurnPlace: Timestamp]] = [:]
        var trials: [Trials.Trial] = []
        /// Who they are: broadcasts go to them in this order.
        var ids: [UniqueID] = []
    }

    /// Plays all of them, one after the other.
    ///
    /// - Parameter take: is given each one's story.
    public func play(_ take: ([Happening]) -> Void) {
        var together = Together()
        if simulator.isShared {
            for _ in 0..<Self.rounds {
                let latest = round(behind: together) { _ in }
                if latest == together { break }
                together = latest
            }
        }
        _ = round(behind: together, take)
    }

    private func round(behind together: Together, _ take: ([Happening]) -> Void) -> Together {
        var (people, latest) = (people, Together())
        let (turns, decided) = (turns(in: together), decided(by: together.trials))
        let refused = refused(in: together)
        for number in 0..<count {
            let person = people.next()
            var play = ContactPlay(
                person.contact, in: simulator, at: start, turns: turns[number] ?? [:],
                refused: refused[number] ?? [:], decided: decided)
            play.run(person.events, until: end)
            if !play.entryTurns.asked.isEmpty { latest.asked[number] = play.entryTurns.asked }
            if !play.entryCaps.asked.isEmpty { latest.entries[number] = play.entryCaps.asked }
            latest.ids.append(person.contact.id)
            latest.trials += play.trials.had
            take(play.story)
        }
        return latest
    }

    private struct Entry {
        var person: Int
        var place: TurnPlace
        var at: Timestamp
    }

    /// What a broadcast begins with, or a journey.
    private struct Gate: Hashable {
        var part: Int
        /// Of a broadcast, the time that it goes out.
        var opening: Timestamp?
    }

    /// First come first served; broadcasts go to their members in the order of their ids.
    private func queue(_ asked: [Int: [TurnPlace: Timestamp]], _ ids: [UniqueID]) -> [Entry] {
        let entries = asked.flatMap { person, places in
            places.map { Entry(person: person, place: $0.key, at: $0.value) }
        }
        let order = Dictionary(
            uniqueKeysWithValues: ids.indices.sorted { ids[$0] < ids[$1] }.enumerated().map { ($1, $0) })
        func rank(_ entry: Entry) -> Int {
            simulator.parts[entry.place.part].segment == nil ? entry.person : order[entry.person] ?? entry.person
        }
        return entries.sorted { ($0.at, rank($0), $0.place.number) < ($1.at, rank($1), $1.place.number) }
    }

    /// The turns of all.
    private func turns(in together: Together) -> [Int: [TurnPlace: Timestamp]] {
        var next: [Gate: Timestamp] = [:]
        var turns: [Int: [TurnPlace: Timestamp]] = [:]
        for entry in queue(together.asked, together.ids) {
            let journey = simulator.parts[entry.place.part].journey
            guard let throttle = journey.throttle ?? journey.pace else { continue }
            let gate = Gate(part: entry.place.part, opening: journey.pace == nil ? nil : entry.at)
            turns[entry.person, default: [:]][entry.place] = throttle.turn(entry.at, after: &next[gate])
        }
        return turns
    }

    /// Whom caps let not in.
    private func refused(in together: Together) -> [Int: [TurnPlace: EntryCap]] {
        var entered: [Int: [Timestamp]] = [:]
        var refused: [Int: [TurnPlace: EntryCap]] = [:]
        for entry in queue(together.entries, together.ids) {
            let caps = simulator.parts[entry.place.part].journey.entry.caps
            refused[entry.person, default: [:]][entry.place] =
                caps.full(after: &entered[entry.place.part, default: []], now: entry.at)
        }
        return refused
    }

    /// The winners, on what was tried by then.
    private func decided(by trials: [Trials.Trial]) -> [TrialPlace: TestOutcome] {
        Dictionary(grouping: trials, by: \.place).compactMapValues { trials in
            guard let place = trials.first?.place, let test = simulator.parts[place.part].journey.test?.test else {
                return nil
            }
            let found = test.variants.map { variant in
                let end = simulator.parts[place.part].journey.decisionTime(of: test, entryAt: place.entryAt)
                let tried = trials.filter { $0.variant == variant && $0.sentAt <= end }
                return Step.Test.Score(
                    variant: variant, sent: Int64(tried.count), counted: Int64(tried.count { $0.counts }))
            }
            return TestOutcome(winner: test.winner(of: found), scores: found)
        }
    }
}
