import Expressions
import JourneyProgram
import Model

/// One time that a broadcast with a test goes out.
struct TrialPlace: Sendable, Hashable {
    /// The journey's place.
    let part: Int
    /// Where in time its runs begin.
    let entryAt: Timestamp
}

/// What tests try on a contact, and what it is told of their winners.
struct Trials: Sendable {
    /// A variant that the contact got.
    struct Trial: Sendable, Hashable {
        let place: TrialPlace
        let variant: String
        let sentAt: Timestamp
        /// Whether what is measured was done before the winner was decided.
        var counts = false
    }

    /// What a crowd has decided.
    private let decided: [TrialPlace: TestOutcome]
    /// What a test of journeys says, by step.
    private let winners: [String: String]
    private(set) var had: [Trial] = []

    init(decided: [TrialPlace: TestOutcome] = [:], winners: [String: String] = [:]) {
        self.decided = decided
        self.winners = winners
    }

    /// What was decided at a time of a broadcast: what is said, else what a crowd has decided, else what it is without
    /// anybody who did anything.
    func outcome(of test: (step: String, test: Step.Test), at place: TrialPlace) -> TestOutcome {
        if let winner = winners[test.step] { return TestOutcome(winner: winner, scores: test.test.scores([])) }
        return decided[place] ?? TestOutcome(winner: test.test.winner(of: []), scores: test.test.scores([]))
    }

    mutating func note(_ variant: String, at place: TrialPlace, now: Timestamp) {
        had.append(Trial(place: place, variant: variant, sentAt: now))
    }

    /// Notes an event that came.
    mutating func hear(_ event: String, at now: Timestamp, in parts: [Simulator.Part]) {
        for index in had.indices where !had[index].counts {
            guard let test = parts[had[index].place.part].journey.test?.test, test.measure == .event(event) else {
                continue
            }
            had[index].counts =
                now <= parts[had[index].place.part].journey.decisionTime(of: test, entryAt: had[index].place.entryAt)
        }
    }
}

extension ContactPlay {
    /// Notes that what a test tries was sent.
    mutating func noteTrial(_ mail: PlannedMail) {
        let run = runs[mail.run]
        guard !Journey.isCall(run.entryKey), let test = simulator.parts[run.part].journey.test,
            test.step == mail.visit.step, variant(of: test, run) != nil
        else { return }
        trials.note(mail.template, at: TrialPlace(part: run.part, entryAt: run.state.entry.at), now: now)
    }

    private func variant(of test: (step: String, test: Step.Test), _ run: PlayedRun) -> String? {
        if let told = variants[test.step] { return told == World.rest ? nil : told }
        let journey = simulator.parts[run.part].journey
        return journey.variant(atStep: test.step, for: key.contact, occasion: run.state.entry.at)
    }

    /// What a run is told of its journey's test.
    func results(for run: PlayedRun) -> [String: TestOutcome] {
        guard let test = simulator.parts[run.part].journey.test else { return [:] }
        return [test.step: trials.outcome(of: test, at: TrialPlace(part: run.part, entryAt: run.state.entry.at))]
    }
}
