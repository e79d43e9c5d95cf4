import Expressions
import JourneyProgram
import Model

/// A contact's facts, set by hand.
struct Facts: EvaluationContext {
    var now: Timestamp
    var contact: JSON = .object([:])
    var stage: String?
    var event: JSON?
    var history = History()
    var runStart: HistoryPosition?
    var consents: Set<String> = []
    var scores: [String: Double] = [:]

    func consented(_ topic: String) -> Bool { consents.contains(topic) }
    func score(_ model: String) -> Double { scores[model] ?? 0 }
    func halfLife(ofScore model: String) -> Span? { nil }
}

/// One journey and one contact on a virtual clock: what happens is told in lines such as `2d1h ends converted`.
struct Play {
    let journey: Journey
    let start: Timestamp
    var facts: Facts
    var zone = LocalZone.utc
    var contactID = anne
    /// How long a planned message takes to its verdict.
    var delivery = Span.zero
    /// How long after a verdict the run hears of it.
    var lag = Span.zero
    var runs: [String: RunState] = [:]
    var wakes: [String: Timestamp] = [:]
    var verdicts: [String: [StepVisit: MessageVerdict]] = [:]
    var pending: [(at: Timestamp, key: String, visit: StepVisit)] = []
    var told: [String] = []
    var sends: [Timestamp] = []
    var decisions: [Decision] = []
    var activations = 0
    var past = PastEntries()
    var changes: Set<StepVisit> = []

    init(_ journey: Journey, start: String = "2026-03-02T09:00:00Z", contact: JSON = .object([:])) {
        self.journey = journey
        self.start = Timestamp(iso8601: start)!
        facts = Facts(now: self.start, contact: contact)
    }

    /// Plays events given as offsets, then time until nothing is planned any more.
    mutating func run(_ events: [(at: String, name: String)], until end: String? = nil) throws -> [String] {
        let events = events.enumerated().map { index, event in
            HistoryEvent(at: start + Span(event.at)!, eventID: "e\(index)", name: event.name)
        }
        return try run(events, until: end.map { start + Span($0)! })
    }

    mutating func run(_ events: [HistoryEvent], until end: Timestamp? = nil) throws -> [String] {
        var events = events.sorted { $0.position < $1.position }
        while let next = nextInstant(events.first?.at), next <= end ?? .distantFuture {
            facts.now = max(facts.now, next)
            if let event = events.first, event.at <= next {
                events.removeFirst()
                try happen(event)
            } else {
                try pass()
            }
            precondition(activations < 10_000, "the journey does not come to rest")
        }
        return told
    }

    private func nextInstant(_ event: Timestamp?) -> Timestamp? {
        ([event].compactMap { $0 } + wakes.values + pending.map { $0.at + lag }).min()
    }

    mutating func happen(_ event: HistoryEvent) throws {
        facts.history.insert(event)
        for key in runs.keys.sorted() { try activate(key) }
        guard let key = journey.entryKey(for: event, in: world("")), runs[key] == nil, isTaken(event.position) else {
            return
        }
        let activation = try journey.start(at: event.position, in: world(key))
        past.take(event.position, isOver: false)
        try apply(activation, key)
    }

    private mutating func isTaken(_ position: HistoryPosition) -> Bool {
        guard let interval = journey.entry.again.interval else { return true }
        let answer = past.answer(to: position, every: interval)
        if answer == .refusedMeanwhile { past.refuse(position) }
        return answer == .taken
    }

    private mutating func pass() throws {
        let due = pending.filter { $0.at + lag <= facts.now }
        pending.removeAll { $0.at + lag <= facts.now }
        for message in due {
            verdicts[message.key, default: [:]][message.visit] = MessageVerdict(.sent, at: message.at)
            try activate(message.key)
        }
        for (key, wake) in wakes.sorted(by: { $0.key < $1.key }) where wake <= facts.now { try activate(key) }
    }

    private func world(_ key: String) -> World {
        World(facts: facts, contact: contactID, zone: zone, verdicts: verdicts[key] ?? [:])
    }

    mutating func activate(_ key: String) throws {
        let stored = try RunState(json: JSON(parsing: runs[key]!.json.serialized))
        try apply(journey.step(stored, in: world(key)), key)
    }

    private mutating func apply(_ activation: Activation, _ key: String) throws {
        activations += 1
        precondition(activation.wake ?? .distantFuture > facts.now, "a wake lies in the past")
        let isNamed = activation.wake != nil || activation.run.awaitedMessage != nil
        precondition(activation.run.outcome != nil || isNamed, "a run waits for nothing that is named")
        runs[key] = activation.run
        wakes[key] = activation.wake
        for effect in activation.effects {
            switch effect {
            case .send(let visit, let template, _): send(visit, template, key)
            case .call(let visit, let call): send(visit, call.name, key)
            case .end(let outcome):
                past.end()
                tell("ends \(outcome.rawValue)")
            case .decide(let decision): decisions.append(decision)
            case .change(let visit, let change):
                precondition(changes.insert(visit).inserted || runs.count > 1, "a change is made twice")
                tell("\(change)")
            }
        }
    }

    private mutating func send(_ visit: StepVisit, _ template: String, _ key: String) {
        let time = visit.visit > 1 ? "#\(visit.visit)" : ""
        tell((visit.step == template ? template : "\(template) as \(visit.step)") + time)
        pending.append((facts.now + delivery, key, visit))
        sends.append(facts.now)
    }

    private mutating func tell(_ what: String) { told.append("\(facts.now - start) \(what)") }
}

/// Whose runs these are.
let anne = UniqueID(high: 0x1234, low: 0x5678)

func condition(_ source: String, _ scope: Scope = .run) throws -> Expression { try Expression(source, scope: scope) }

func journey(
    _ steps: [Step], on event: String = "Start", when: String? = nil, goal: String? = nil, within: Span? = nil,
    exit: String? = nil, value: String? = nil, again: Journey.Again = .never
) throws -> Journey {
    try Journey(
        name: "test",
        entry: .init(.event(event, when: when.map { try condition($0, .entry) }), again: again),
        goal: goal.map { goal in
            let worth = try value.map { try Expression($0, scope: .run, expecting: .dyn) }
            return .init(when: try condition(goal), within: within, value: worth)
        },
        exit: exit.map { try condition($0) }, steps: steps)
}
