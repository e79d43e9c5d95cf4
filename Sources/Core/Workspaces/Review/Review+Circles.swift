import JourneyProgram
import Model

extension Review {
    /// Journeys that start on what they change themselves, alone or with others: they would go on without end.
    ///
    /// It is an error where nothing but an edit ends it, and a warning where a condition may. Journeys that start each other
    /// by name alone are faults that no workspace is read with.
    mutating func lookAtCircles() {
        guard let workspace = Workspace.load(files: files).workspace else { return }
        let circles = Circles(workspace)
        for (place, definition) in workspace.journeys.enumerated() {
            guard let circle = circles.through(place) else { continue }
            let names = circle.places.map { workspace.journeys[$0].journey.name }.joined(separator: " → ")
            let enter = documents.first { $0.name == definition.file }?.root["enter"]?.place ?? .start
            report(
                .endless,
                circle.isSure
                    ? "what this journey changes starts it again, without end"
                    : "what this journey changes may start it again, without end",
                in: definition.file, at: enter,
                help: "\(names): again: never ends it, or a key that does not change each time",
                severity: circle.isSure ? .error : .warning)
        }
    }
}

/// Which journeys start which, by their steps and by the events that these make.
private struct Circles {
    private struct Way: Hashable {
        var to: Int
        var isSure: Bool
        /// Whether it leads over an event.
        var isEvent: Bool
    }

    private var ways: [[Way]] = []

    init(_ workspace: Workspace) {
        let journeys = workspace.journeys.map(\.journey)
        ways = journeys.indices.map { from in
            journeys[from].foreseenChanges.flatMap { change in
                journeys.indices.compactMap { Self.way(from, change, to: $0, journeys, workspace) }
            }
        }
    }

    private static func way(
        _ from: Int, _ foreseen: Journey.ForeseenChange, to place: Int, _ journeys: [Journey], _ workspace: Workspace
    ) -> Way? {
        let journey = journeys[place]
        var likelihood = foreseen.comes
        var attributes: JSON = .object([:])
        let isEvent: Bool
        switch foreseen.change {
        case .start(let name):
            guard name == journey.name else { return nil }
            switch journey.entry.again {
            case .never, .every: return nil
            default: isEvent = false
            }
        case .attributes(let values):
            attributes = .object(values)
            likelihood = min(likelihood, again(journey, EventNames.identified, attributes, workspace, attributes))
            isEvent = true
        case .stage(let stage):
            let properties = JSON.object(["stage": .string(stage)])
            likelihood = min(likelihood, again(journey, EventNames.stageGiven, properties, workspace, attributes))
            isEvent = true
        case .points(let given):
            let properties = JSON.object(given.properties)
            likelihood = min(likelihood, again(journey, EventNames.pointsGiven, properties, workspace, attributes))
            isEvent = true
        }
        if case .afterExit = journey.entry.again {
            likelihood = min(likelihood, from == place ? foreseen.isOverAtOnce : .perhaps)
        }
        return likelihood == .never ? nil : Way(to: place, isSure: likelihood == .surely, isEvent: isEvent)
    }

    private static func again(
        _ journey: Journey, _ event: String, _ properties: JSON, _ workspace: Workspace, _ attributes: JSON
    ) -> Likelihood {
        let facts = ContactFacts(workspace, now: Timestamp(seconds: 0), contact: attributes)
        return journey.isStarted(againBy: event, with: properties, in: facts)
    }

    /// The shortest circle through a journey that leads over an event; a sure one before all others.
    func through(_ place: Int) -> (places: [Int], isSure: Bool)? {
        if let sure = circle(through: place, isSure: true) { return (sure, true) }
        return circle(through: place, isSure: false).map { ($0, false) }
    }

    private func circle(through start: Int, isSure: Bool) -> [Int]? {
        struct State: Hashable {
            var place: Int
            var hasEvent: Bool
        }
        var known: Set<State> = []
        var open: [(state: State, path: [Int])] = [(State(place: start, hasEvent: false), [start])]
        while !open.isEmpty {
            let (state, path) = open.removeFirst()
            for way in ways[state.place] where way.isSure || !isSure {
                let next = State(place: way.to, hasEvent: state.hasEvent || way.isEvent)
                if way.to == start, next.hasEvent { return path + [start] }
                if known.insert(next).inserted { open.append((next, path + [way.to])) }
            }
        }
        return nil
    }
}
