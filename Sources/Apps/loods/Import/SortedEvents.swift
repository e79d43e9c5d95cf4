import Contracts

/// Runs of events, each in order, read as one.
struct SortedEvents {
    /// One run on its way.
    enum Source {
        case events(ArraySlice<AcceptedEvent>)
        case file(SortedRun.Reader)
    }

    /// How many there are in all.
    let count: Int
    private var sources: [Source]
    /// The next event of each source; nil where it has ended.
    private var heads: [AcceptedEvent?]
    private var hasBegun = false

    /// - Parameter sources: of equal events those of the first are given first.
    init(_ sources: [Source], count: Int) {
        self.count = count
        self.sources = sources
        heads = Array(repeating: nil, count: sources.count)
    }

    mutating func next() throws -> AcceptedEvent? {
        if !hasBegun {
            hasBegun = true
            for index in sources.indices { heads[index] = try sources[index].next() }
        }
        var first: Int?
        for (index, head) in heads.enumerated() {
            guard let head else { continue }
            if let best = first.flatMap({ heads[$0] }), !head.comes(before: best) { continue }
            first = index
        }
        guard let first else { return nil }
        let event = heads[first]
        heads[first] = try sources[first].next()
        return event
    }
}

extension SortedEvents.Source {
    fileprivate mutating func next() throws -> AcceptedEvent? {
        switch self {
        case .events(var events):
            let event = events.popFirst()
            self = .events(events)
            return event
        case .file(let reader): return try reader.next()
        }
    }
}
