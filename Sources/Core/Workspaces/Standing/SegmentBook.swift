import Expressions
public import Model

/// The segments and the persona of one contact while a batch is applied to it.
public struct SegmentBook: Sendable {
    /// What an evaluation stands on.
    struct Occasion: Sendable {
        /// The place in the history; where time is the cause, the first instant at which it may have been.
        var at: Timestamp
        /// Since when the contact is in its stage, where that has changed with time as well.
        var stageSince: Timestamp?
        var eventID: String?
        var cause: SegmentCause
        /// Whether journeys are to hear of it.
        var isSignalled: Bool
    }

    /// A move, and whether journeys are to hear of it.
    public struct Entry: Sendable {
        public var move: SegmentMove
        public let isSignalled: Bool
    }

    /// In their order. What is entered has no ordinal before it is numbered.
    public private(set) var entries: [Entry] = []
    /// Segments of `entries` that were left first of all, and of which it is not known how the contact came there.
    private var unseen: Set<String> = []
    public private(set) var persona: PersonaHeld
    public private(set) var hasNewPersona = false
    /// Before this instant time alone changes nothing of what was asked.
    public private(set) var steadyUntil = Timestamp.distantFuture
    /// How often it was evaluated, and how many conditions were; those that were answered together are one.
    public private(set) var evaluations = 0
    public private(set) var conditions = 0

    /// Whether the contact objects to profiling: it is in no segment, and has no persona of its own.
    public var isClosed = false

    private let contact: ContactKey
    private let revision: Int32
    private let questions: SegmentQuestions
    /// The segments that the contact is in.
    public private(set) var names: Set<String>
    /// Their places among the questions, as far as ladders ask for them.
    private var held: Places
    /// Of those, what is known of how it came there.
    private var members: [String: SegmentMembership]

    /// - Parameters:
    ///   - names: segments that it is in; how it came there is asked for should it leave.
    ///   - members: others.
    public init(
        _ contact: ContactKey, _ questions: SegmentQuestions, revision: Int32, names: [String] = [],
        members: [SegmentMembership] = [], persona: PersonaHeld? = nil
    ) {
        self.contact = contact
        self.revision = revision
        self.questions = questions
        self.members = Dictionary(members.map { ($0.segment, $0) }) { first, _ in first }
        self.names = Set(names).union(members.map(\.segment))
        held = questions.ladders.isEmpty ? Places() : questions.places(of: self.names)
        self.persona = persona ?? PersonaHeld(contact: contact, persona: nil, since: .distantPast)
    }

    /// Asks questions, and whatever their answers call into question.
    mutating func ask(_ places: Places, of facts: inout ContactFacts, on occasion: Occasion) {
        let isWhole = places == questions.all
        guard !places.isEmpty || isWhole && (!names.isEmpty || persona.persona != nil) else { return }
        evaluations += 1
        facts.prepareScores()
        var open = isClosed ? places : climb(places, of: facts)
        var next = open.next(from: 0)
        while let place = next {
            defer { next = open.next(from: place + 1) }
            switch questions.questions[place].subject {
            case .segment(let segment):
                guard decide(segment, facts, occasion) else { continue }
                facts.segments = names
                open.formUnion(questions.asking(for: segment.name))
            case .personas(let personas): decide(personas, facts, occasion)
            }
        }
        if isWhole { leaveUnknown(&facts, occasion) }
    }

    /// Answers at once what depends on where a number stands among many thresholds.
    ///
    /// - Returns: the places that are left to be asked, with those at which the contact may enter or leave.
    private mutating func climb(_ places: Places, of facts: ContactFacts) -> Places {
        var open = places
        for ladder in questions.ladders {
            let asked = ladder.places.intersection(places)
            guard !asked.isEmpty else { continue }
            conditions += 1
            let (holding, validUntil) = ladder.answer(in: facts)
            steadyUntil = min(steadyUntil, validUntil)
            let moving = holding.symmetricDifference(held).intersection(asked)
            open = open.subtracting(asked).union(moving)
        }
        return open
    }

    /// - Returns: whether the contact has entered or left.
    private mutating func decide(_ segment: Segment, _ facts: ContactFacts, _ occasion: Occasion) -> Bool {
        conditions += 1
        let (holds, validUntil) = isClosed ? (false, Timestamp.distantFuture) : segment.holds(in: facts)
        steadyUntil = min(steadyUntil, validUntil)
        guard holds != names.contains(segment.name) else { return false }
        let readsStage = segment.stage != nil || segment.when.usesStage
        let occasion = occasion.since(
            facts, holds, readsStage ? occasion.stageSince : nil, past(of: segment.when.mentionedSegments)
        ) {
            segment.holds(in: $0)
        }
        if holds { enter(segment.name, occasion) } else { leave(segment.name, occasion) }
        return true
    }

    private mutating func decide(_ personas: Personas, _ facts: ContactFacts, _ occasion: Occasion) {
        conditions += 1
        let (name, validUntil) = isClosed ? (nil, Timestamp.distantFuture) : personas.fitting(facts)
        steadyUntil = min(steadyUntil, validUntil)
        guard name != persona.persona else { return }
        let whens = personas.ordered.map(\.when)
        let occasion = occasion.since(
            facts, name, whens.contains(where: \.usesStage) ? occasion.stageSince : nil,
            past(of: whens.reduce(into: []) { $0.formUnion($1.mentionedSegments) })
        ) {
            personas.fitting($0)
        }
        persona = PersonaHeld(contact: contact, persona: name, since: occasion.at)
        hasNewPersona = true
    }

    /// When the last of these segments was entered or left with this evaluation.
    private func past(of segments: Set<String>) -> Timestamp? {
        entries.lazy.map(\.move).filter { segments.contains($0.segment) }.map(\.at).max()
    }

    /// Segments, and personas, that the definitions no longer have.
    private mutating func leaveUnknown(_ facts: inout ContactFacts, _ occasion: Occasion) {
        for name in names.sorted() where !questions.knows(name) {
            var occasion = occasion
            occasion.cause = .backfill
            leave(name, occasion)
        }
        facts.segments = names
        guard !questions.hasPersonas, persona.persona != nil else { return }
        persona = PersonaHeld(contact: contact, persona: nil, since: occasion.at)
        hasNewPersona = true
    }

    private mutating func enter(_ segment: String, _ occasion: Occasion) {
        names.insert(segment)
        held.formUnion(questions.places(of: [segment]))
        members[segment] = SegmentMembership(
            segment: segment, ordinal: 0, enteredAt: occasion.at, cause: occasion.cause)
        note(segment, isEntry: true, ordinal: 0, at: occasion.at, occasion)
    }

    private mutating func leave(_ segment: String, _ occasion: Occasion) {
        guard names.remove(segment) != nil else { return }
        held = held.subtracting(questions.places(of: [segment]))
        let held = members.removeValue(forKey: segment)
        if held == nil { unseen.insert(segment) }
        note(
            segment, isEntry: false, ordinal: held?.ordinal ?? 0, at: max(occasion.at, held?.enteredAt ?? occasion.at),
            occasion)
    }

    private mutating func note(
        _ segment: String, isEntry: Bool, ordinal: Int32, at: Timestamp, _ occasion: Occasion
    ) {
        let move = SegmentMove(
            contact: contact, segment: segment, isEntry: isEntry, ordinal: ordinal, at: at, cause: occasion.cause,
            eventID: occasion.cause == .event ? occasion.eventID : nil, revision: revision)
        entries.append(Entry(move: move, isSignalled: occasion.isSignalled))
    }

    /// The segments that were entered, whose past ordinals must be known to number the moves.
    public var entered: Set<SegmentPlace> {
        Set(entries.lazy.map(\.move).filter(\.isEntry).map { .init(contact: $0.contact, segment: $0.segment) })
    }

    /// Forgets the moves that were told, and looks for the next change anew.
    public mutating func turnPage() {
        (entries, unseen, hasNewPersona, steadyUntil) = ([], [], false, .distantFuture)
    }

    /// Those that were left, and of which it must be known how the contact came there.
    public var leftUnseen: [SegmentPlace] { unseen.map { SegmentPlace(contact: contact, segment: $0) } }

    /// Numbers the moves, given the last ordinal of each segment entered, and the memberships that were left unseen.
    public mutating func number(
        after ordinals: [SegmentPlace: Int32], _ left: [SegmentPlace: SegmentMembership] = [:]
    ) {
        var last: [String: Int32] = [:]
        for index in entries.indices {
            let move = entries[index].move
            let place = SegmentPlace(contact: contact, segment: move.segment)
            if !move.isEntry, unseen.remove(move.segment) != nil, let held = left[place] {
                entries[index].move.ordinal = held.ordinal
                entries[index].move.at = max(move.at, held.enteredAt)
                continue
            }
            if move.isEntry {
                last[move.segment] = (last[move.segment] ?? ordinals[place] ?? 0) + 1
                members[move.segment]?.ordinal = last[move.segment] ?? 0
            }
            if move.ordinal == 0 { entries[index].move.ordinal = last[move.segment] ?? 0 }
        }
    }
}

extension SegmentBook.Occasion {
    /// The same where time is the cause, at the instant at which it was: that of the answer itself, or of the stage or a
    /// segment that it stands on.
    fileprivate func since<Answer: Equatable>(
        _ facts: ContactFacts, _ answer: Answer, _ others: Timestamp?...,
        ask: (ContactFacts) -> (Answer, validUntil: Timestamp)
    ) -> Self {
        guard cause == .time, at < facts.now else { return self }
        var occasion = self
        occasion.at = others.compactMap(\.self).reduce(facts.since(at, answer, ask), max)
        return occasion
    }
}
