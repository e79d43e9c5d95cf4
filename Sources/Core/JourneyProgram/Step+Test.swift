import Expressions
public import Model

extension Step {
    /// Several e-mails tried on a share of a broadcast's contacts; the one that does best goes to the others.
    public struct Test: Sendable, Hashable {
        /// Of so many contacts ``share`` are tried on.
        public static let whole: UInt64 = 10_000

        /// What makes one better than another.
        public enum Measure: Sendable, Hashable {
            /// The share of those who got it that opened it, as far as they consented to that being known.
            case opens
            /// The same of clicks.
            case clicks
            /// The share of those who got it of whom an event of this name is known since.
            case event(String)
        }

        /// Hundredths of a per cent, from 1 up to ``whole``.
        public var share: UInt64
        /// Two at least; none stands twice.
        public var variants: [String]
        public var measure: Measure
        /// How long after its run began the others get the winner; it is decided when that comes for the first of them. By
        /// the contacts' own clocks, how long after the last of them showed the broadcast's time.
        public var after: Span

        public init(share: UInt64, variants: [String], by measure: Measure, after: Span) {
            self.share = share
            self.variants = variants
            self.measure = measure
            self.after = after
        }
    }
}

extension Step.Test {
    /// What came of one variant.
    public struct Score: Sendable, Hashable {
        public var variant: String
        /// To how many it was handed.
        public var sent: Int64
        /// Of these, how many did what is measured.
        public var counted: Int64

        public init(variant: String, sent: Int64, counted: Int64) {
            self.variant = variant
            self.sent = sent
            self.counted = counted
        }

        /// Whether its rate is higher, to the last bit.
        func beats(_ other: Score) -> Bool {
            counted.multipliedFullWidth(by: max(1, other.sent)) > other.counted.multipliedFullWidth(by: max(1, sent))
        }
    }

    /// The scores in the order of the variants; of one that went to nobody too.
    public func scores(_ found: [Score]) -> [Score] {
        variants.map { variant in
            found.first { $0.variant == variant } ?? Score(variant: variant, sent: 0, counted: 0)
        }
    }

    /// The best of the variants; of several that are as good, and where nothing is known, the one that stands first.
    public func winner(of found: [Score]) -> String {
        let scores = scores(found)
        return scores.dropFirst().reduce(scores[0]) { best, next in next.beats(best) ? next : best }.variant
    }

    /// What was decided, as this version has it: where it has no such variant, the best of its own goes out.
    public func outcome(of decided: TestOutcome) -> TestOutcome {
        guard !variants.contains(decided.winner) else { return decided }
        return TestOutcome(winner: winner(of: decided.scores), scores: decided.scores)
    }

    /// The variant that is tried on a contact; nil for those who get the winner. The same whenever it is asked, and evenly
    /// among those whom it is tried on.
    ///
    /// - Parameter occasion: which of the broadcast's times it is, so that each is tried on others.
    public func variant(for contact: UniqueID, journey: String, step: String, occasion: Timestamp) -> String? {
        let hash = UniqueID.derived("loods.test", contact.description, journey, step, occasion.description).high
        // The lowest 16 bits hold the id's version.
        let (place, rest) = (hash & ~0xFFFF).multipliedFullWidth(by: Self.whole)
        guard place < share else { return nil }
        // What is left of the hash is as even as the hash.
        return variants[Int(rest.multipliedFullWidth(by: UInt64(variants.count)).high)]
    }
}

/// What was decided of a test.
public struct TestOutcome: Sendable, Hashable {
    public var winner: String
    /// In the order of the variants.
    public var scores: [Step.Test.Score]

    public init(winner: String, scores: [Step.Test.Score]) {
        self.winner = winner
        self.scores = scores
    }
}

extension Journey {
    /// The step that tries several e-mails, with what it says; nil where there is none. It is the first of a broadcast.
    public var test: (step: String, test: Step.Test)? {
        guard case .test(let test, _) = table.lines[table.first].operation else { return nil }
        return (table.lines[table.first].name, test)
    }

    /// When the winner of its test is decided on, of runs that began at a place in time.
    public func decisionTime(of test: Step.Test, entryAt: Timestamp) -> Timestamp {
        entryAt + (broadcast?.schedule.reach ?? .zero) + test.after
    }

    /// The variant that a step tries on a contact; nil where the step is no test, and for those who get the winner.
    public func variant(atStep step: String, for contact: UniqueID, occasion: Timestamp) -> String? {
        guard let test, test.step == step else { return nil }
        return test.test.variant(for: contact, journey: name, step: step, occasion: occasion)
    }

    /// What ``World/variants`` says to a run: whom another journey's step has brought in belongs to no time of the broadcast,
    /// and gets at once what stands first; the others are drawn.
    public func variants(ofEntry key: String) -> [String: String] {
        guard let test, Self.isCall(key) else { return [:] }
        return [test.step: test.test.variants[0]]
    }

    /// Whether a run gets the winner of its journey's test, and waits for nothing else any more.
    public func needsWinner(_ run: RunState, now: Timestamp) -> Bool {
        guard let test, run.step == test.step, case .waiting(let until) = run.phase else { return false }
        return until <= now
    }
}

extension Engine {
    /// Sends what is tried on the contact, or waits for what does best.
    mutating func tryOut(_ test: Step.Test, _ line: StepTable.Line) {
        let hashed = test.variant(
            for: world.contact, journey: journey.name, step: line.name, occasion: run.entry.at)
        guard let variant = world.variants[line.name] ?? hashed, variant != World.rest else {
            run.phase = .waiting(
                until: journey.broadcast.flatMap { winnerTime(of: test, $0.schedule) }
                    ?? run.startedAt + test.after)
            return
        }
        decide(
            line.name, visit: line.visit, "tries \(variant)", ["variants": .array(test.variants.map { .string($0) })])
        send(variant, line)
    }

    /// Where the contacts' own clocks decide, the others get the winner when theirs show the broadcast's hour again, once
    /// those that it is tried on have had it all over the world, and time to answer. Nil where one clock decides for all.
    private func winnerTime(of test: Step.Test, _ schedule: Schedule) -> Timestamp? {
        let (hour, minute) = schedule.minuteOfDay.quotientAndRemainder(dividingBy: 60)
        guard schedule.isLocal, let hourOfDay = DailyTime(hour: hour, minute: minute) else { return nil }
        return hourOfDay.first(notBefore: run.entry.at + schedule.reach + test.after, in: world.contactZone)
    }

    /// Sends the winner, once it is time and it is known.
    mutating func sendWinner(_ until: Timestamp, _ line: StepTable.Line) {
        guard isDue(until) else { return }
        guard let result = world.results[line.name] else {
            _ = isDue(world.now + .seconds(1))
            return
        }
        let scores = result.scores.map { score in
            JSON.object([
                "variant": .string(score.variant), "sent": .int(score.sent), "counted": .int(score.counted),
            ])
        }
        decide(
            line.name, visit: line.visit, "winner \(result.winner)",
            ["winner": .string(result.winner), "scores": .array(scores)])
        due = until
        send(result.winner, line)
    }
}
