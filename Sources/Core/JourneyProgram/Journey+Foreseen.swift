public import Expressions
public import Model

/// How far something is known before anybody runs.
public enum Likelihood: Int, Sendable, Hashable, Comparable {
    case never, perhaps, surely

    public static func < (left: Likelihood, right: Likelihood) -> Bool { left.rawValue < right.rawValue }
}

extension Journey {
    /// What a step changes, with what is known of the way there and on.
    public struct ForeseenChange: Sendable {
        public var change: Step.Change
        /// Whether a run comes to it.
        public var comes: Likelihood
        /// Whether the run is at its end before the change is heard of.
        public var isOverAtOnce: Likelihood
    }

    /// What its steps change, in the order in which they are written; of what repeats, the first pass.
    public var foreseenChanges: [ForeseenChange] {
        let mayLeave = goal != nil || exit != nil
        return table.foreseenChanges.map { foreseen in
            var foreseen = foreseen
            if mayLeave { foreseen.comes = .perhaps }
            if goal?.within != nil { foreseen.isOverAtOnce = min(foreseen.isOverAtOnce, .perhaps) }
            return foreseen
        }
    }

    /// Whether an event that a step makes starts a run each time that it comes, whatever else happens: never where there is
    /// one run for good, one for each of a few keys, or one every so often.
    ///
    /// - Parameter properties: of the event; they are what the contact's attributes then say.
    public func isStarted(
        againBy event: String, with properties: JSON, in facts: any EvaluationContext & Sendable
    ) -> Likelihood {
        guard case .event(event, let when) = entry.trigger else { return .never }
        let world = World(facts: facts, contact: UniqueID(high: 0, low: 0), zone: .utc)
        func made(_ number: Int64) -> HistoryEvent {
            HistoryEvent(
                at: facts.now + .seconds(number), eventID: "\(number)", name: event, properties: properties)
        }
        var answer = Likelihood.surely
        if let when {
            if when.asksTheEventAlone {
                guard when.holds(in: Scene(world, at: made(1))).holds else { return .never }
            } else {
                answer = .perhaps
            }
        }
        switch entry.again {
        case .never, .every: return .never
        case .afterExit, .perOccurrence: return answer
        case .perKey(let key):
            if key.asksThePast { return .perhaps }
            // What is the same for two events is one of a few: nothing but these events tells them apart.
            let keys = [Int64(1), 2].map { try? key.evaluate(Scene(world, at: made($0))).value.keyText }
            return keys[0] == keys[1] ? .never : answer
        }
    }
}

extension Expression {
    /// Whether it depends on what happened before, on scores, consents or segments.
    fileprivate var asksThePast: Bool {
        !mentionedEvents.isEmpty || !mentionedScores.isEmpty || !mentionedTopics.isEmpty || !mentionedSegments.isEmpty
    }

    fileprivate var asksTheEventAlone: Bool { !asksThePast && !usesContact && !usesStage }
}

extension StepTable {
    fileprivate var foreseenChanges: [Journey.ForeseenChange] {
        let (straight, over) = (straightPlaces, isOverAtOnce)
        return lines.indices.reversed().compactMap { place in
            guard case .change(let change) = lines[place].operation, lines[place].visit == 1 else { return nil }
            return Journey.ForeseenChange(
                change: change, comes: straight.contains(place) ? .surely : .perhaps,
                isOverAtOnce: over[lines[place].next])
        }
    }

    /// The places that every run comes to that is not ended by what lies beside its steps.
    private var straightPlaces: Set<Place> {
        var (places, place): (Set<Place>, Place) = ([], first)
        while places.insert(place).inserted {
            switch lines[place].operation {
            case .wait, .waitUntil, .waitUntilDate, .change: place = lines[place].next
            case .email(_, let guards) where guards.late?.then != .end: place = lines[place].next
            case .call(_, let late) where late?.then != .end: place = lines[place].next
            default: return places
            }
        }
        return places
    }

    /// Per place, whether a run that is there comes to its end without a wait. Each place leads to lower ones.
    private var isOverAtOnce: [Likelihood] {
        var over: [Likelihood] = []
        func of(_ places: [Place]) -> Likelihood {
            let ways = places.map { over[$0] }
            return ways.allSatisfy { $0 == .surely } ? .surely : ways.contains { $0 != .never } ? .perhaps : .never
        }
        for line in lines {
            switch line.operation {
            case .end: over.append(.surely)
            case .wait, .waitUntil, .await: over.append(.never)
            case .change: over.append(over[line.next])
            // A message may be held, and a date may be one that has been.
            case .email, .test, .call, .waitUntilDate: over.append(min(over[line.next], .perhaps))
            case .stream(_, _, let exhausted): over.append(min(of([exhausted, line.next]), .perhaps))
            case .choose(let arms): over.append(of(arms.map(\.place) + [line.next]))
            case .select(_, let cases): over.append(of(cases.map(\.place) + [line.next]))
            case .split(let shares): over.append(of(shares.map(\.place)))
            case .leave(_, let place): over.append(of([place, line.next]))
            }
        }
        return over
    }
}
