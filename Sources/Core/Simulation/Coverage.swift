import JourneyProgram
public import Workspaces

/// Which steps and branches of a workspace's journeys were taken.
public struct Coverage: Sendable {
    /// A step, or a way on from it.
    public struct Place: Sendable, Hashable {
        public var journey: String
        public var step: String
        /// Nil for the step itself.
        public var choice: String?
    }

    /// In the order in which they are written.
    public let all: [Place]
    public private(set) var reached: Set<Place> = []
    private let known: Set<Place>

    public init(_ workspace: Workspace) {
        all = workspace.journeys.flatMap { definition in
            definition.journey.outline.flatMap { step in
                let place = Place(journey: definition.journey.name, step: step.name)
                return [place] + step.choices.map { Place(journey: place.journey, step: place.step, choice: $0) }
            }
        }
        known = Set(all)
    }

    public mutating func add(_ story: [Happening]) {
        for line in story {
            guard let journey = line.journey else { continue }
            switch line.what {
            case .sent(let step, _, _), .told(let step, _, _), .skipped(let step, _, _, _), .held(let step, _, _, _, _),
                .waits(let step, _),
                .waitsFor(let step, _, _):
                note(Place(journey: journey, step: step))
            case .chose(let step, _, let choice, _):
                note(Place(journey: journey, step: step))
                let isPass =
                    choice.hasPrefix("pass ") && known.contains(Place(journey: journey, step: step, choice: "pass"))
                note(Place(journey: journey, step: step, choice: isPass ? "pass" : choice))
            default: break
            }
        }
    }

    private mutating func note(_ place: Place) {
        if known.contains(place) { reached.insert(place) }
    }

    public var missed: [Place] { all.filter { !reached.contains($0) } }

    /// How many of the steps, or of the ways on from them, were taken, and of how many.
    public func count(ofBranches: Bool) -> (reached: Int, total: Int) {
        let places = all.filter { ($0.choice != nil) == ofBranches }
        return (places.count { reached.contains($0) }, places.count)
    }
}
