/// What the command line asks for.
struct Options: Sendable {
    /// Which part of the path is measured.
    enum Part: String, CaseIterable, Sendable {
        case events, ingest, scoring, mailer, rules, depth, wakes, backfill, broadcast, steps, timers,
            outage, delivery, pace, python

        /// Those that take other people than the rest, and are measured alone.
        static let journeys: Set<Part> = [.steps, .timers]
        static let alone: Set<Part> = [
            .rules, .depth, .wakes, .backfill, .broadcast, .steps, .timers, .outage, .delivery,
            .pace, .python,
        ]
    }

    var parts: Set<Part> = Set(Part.allCases).subtracting(Part.alone)
    var isJSON = false
    /// A few seconds of each, to see that everything works; the figures mean little.
    var isQuick = false

    /// Five million timers in place of half a million; takes a quarter of an hour.
    var isSoak = false

    init(_ arguments: [String]) throws(UsageFault) {
        var named: Set<Part> = []
        for argument in arguments {
            switch argument {
            case "--json": isJSON = true
            case "--quick": isQuick = true
            case "--soak": isSoak = true
            default:
                guard let part = Part(rawValue: argument) else {
                    let known = Part.allCases.map(\.rawValue).joined(separator: ", ")
                    throw UsageFault(sentence: "there is no benchmark \"\(argument)\"; there are \(known)")
                }
                named.insert(part)
            }
        }
        guard named.isDisjoint(with: Part.alone) || named.count == 1 || named == Part.journeys else {
            let alone = Part.alone.map(\.rawValue).sorted().joined(separator: ", ")
            throw UsageFault(sentence: "these are measured alone: \(alone)")
        }
        if !named.isEmpty { parts = named }
    }
}

/// A wrong argument or environment, in a sentence.
struct UsageFault: Error {
    let sentence: String
}
