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
        var trials: [Trials.Trial] = []
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
        let (turns, decided) = (turns(of: together.asked), decided(by: together.trials))
        for number in 0..<count {
            let person = people.next()
            var play = ContactPlay(
                person.contact, in: simulator, at: start, turns: turns[number] ?? [:], decided: decided)
            play.run(person.events, until: end)
            if !play.entryTurns.asked.isEmpty { latest.asked[number] = play.entryTurns.asked }
            latest.trials += play.trials.had
            take(play.story)
        }
        return latest
    }

    /// The turns of all, first come first served.
    private func turns(of asked: [Int: [TurnPlace: Timestamp]]) -> [Int: [TurnPlace: Timestamp]] {
        let queue = asked.flatMap { person, places in places.map { (person: person, place: $0.key, at: $0.value) } }
            .sorted { ($0.at, $0.person, $0.place.number) < ($1.at, $1.person, $1.place.number) }
        var next: [Int: Timestamp] = [:]
        var turns: [Int: [TurnPlace: Timestamp]] = [:]
        for entry in queue {
            guard let throttle = simulator.parts[entry.place.part].journey.throttle else { continue }
            turns[entry.person, default: [:]][entry.place] = throttle.turn(entry.at, after: &next[entry.place.part])
        }
        return turns
    }

    /// The winners, on what was tried by then.
    private func decided(by trials: [Trials.Trial]) -> [TrialPlace: TestOutcome] {
        Dictionary(grouping: trials, by: \.place).compactMapValues { trials in
            guard let place = trials.first?.place, let test = simulator.parts[place.part].journey.test?.test else {
                return nil
            }
            let found = test.variants.map { variant in
                let tried = trials.filter { $0.variant == variant && $0.sentAt <= place.entryAt + test.after }
                return Step.Test.Score(
                    variant: variant, sent: Int64(tried.count), counted: Int64(tried.count { $0.counts }))
            }
            return TestOutcome(winner: test.winner(of: found), scores: found)
        }
    }
}
