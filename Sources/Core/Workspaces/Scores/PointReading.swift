import Expressions
import JourneyProgram
import Model

/// What the rules of one event read of it, worked out once.
struct PointReading: Sendable {
    /// What one rule asks of an event.
    struct Asked: Sendable {
        enum Question: Sendable {
            case nothing
            /// A property, by the number of its path, and what must be true of it.
            case property(Int, PropertyTest)
            case condition(Expression)
        }

        let place: Int
        let countsPeopleAlone: Bool
        let question: Question
    }

    /// The places of the rules in their model.
    let places: [Int]
    /// Whether what an event says may matter, not only that it happened.
    let asks: Bool
    /// Whether where it happened may.
    let asksContext: Bool
    /// Whether one of the rules has a cap.
    let caps: Bool
    /// Whether so many conditions read the event that it is worth laying out for them.
    let isMuchAsked: Bool
    /// The rules, in their order.
    let asked: [Asked]
    /// Where properties lie that rules compare with a constant, each once.
    let paths: [[String]]
    /// What the workspace says of pages; nil where no rule reads the page.
    private let pages: [PageRule]?
    /// The members of an event that no condition reads.
    private let unread: [String]

    /// - Parameter alwaysAsks: whether what the event says matters whatever the rules read.
    init(_ rules: [PointRule], at places: [Int], alwaysAsks: Bool = false) {
        self.places = places
        let asking = places.map { rules[$0] }.filter { $0.when != nil }
        asks = alwaysAsks || !asking.isEmpty || places.contains { rules[$0].countsPeopleAlone }
        asksContext = asking.contains(where: \.usesContext)
        caps = places.contains { rules[$0].cap != nil }
        var paths: [[String]] = []
        asked = places.map { place in
            let rule = rules[place]
            let question = rule.when.map { when in
                guard let test = when.propertyTest else { return Asked.Question.condition(when) }
                let known = paths.firstIndex(of: test.path)
                if known == nil { paths.append(test.path) }
                return .property(known ?? paths.count - 1, test)
            }
            return Asked(place: place, countsPeopleAlone: rule.countsPeopleAlone, question: question ?? .nothing)
        }
        self.paths = paths
        isMuchAsked = asked.count { if case .condition = $0.question { true } else { false } } > 3
        pages = asking.first(where: \.usesPage)?.pages
        unread = ["id", "at", "page"].filter { member in
            !asking.contains { $0.when?.readsEvent(member) ?? false }
        }
    }

    /// The event as the conditions see it; what none of them reads is left out where it would have to be made.
    func view(of event: HistoryEvent) -> JSON {
        var event = event
        if let pages { event.page = pages.page(of: event) }
        return event.view(without: unread)
    }
}
