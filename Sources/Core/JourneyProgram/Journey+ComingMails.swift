public import Model

extension Journey {
    /// An e-mail step that a run comes to within a length of time, if nothing happens to its contact meanwhile.
    public struct ComingMail: Sendable, Hashable {
        public var step: String
        public var visit: Int
        /// How long after the end of the wait at hand, at the earliest.
        public var after: Span
        /// Whether each run comes to it, and just then.
        public var isCertain: Bool
    }

    /// The e-mails behind a step, once the wait there is over, in the order in which a run comes to them.
    ///
    /// Waits for events are taken to end by their time. What branches leads to each of its branches, with no certainty until
    /// they have come together again without a wait between.
    public func comingMails(behind step: String, visit: Int, within span: Span) -> [ComingMail] {
        guard let place = table.place(named: step, visit: visit) else { return [] }
        // Who waits for the winner of a test is sent that.
        if case .test = table.lines[place].operation { return table.comingMails(from: place, within: span) }
        return table.comingMails(from: table.lines[place].next, within: span)
    }

    /// The e-mail of a step itself, and those behind it.
    public func comingMails(at step: String, visit: Int, within span: Span) -> [ComingMail] {
        table.place(named: step, visit: visit).map { table.comingMails(from: $0, within: span) } ?? []
    }

    /// The e-mails of a run that begins.
    public func comingMails(within span: Span) -> [ComingMail] {
        table.comingMails(from: table.first, within: span)
    }
}

/// How runs come to a place.
private struct Approach {
    /// The earliest, since the wait at hand is over.
    var after: Span
    /// Which part of them does, if equal parts of them took each branch: 1 only where all ways lead there.
    var share = 1.0
    /// Whether all that come there come at that time.
    var isPunctual = true

    func joined(by other: Approach) -> Approach {
        Approach(
            after: min(after, other.after), share: share + other.share,
            isPunctual: isPunctual && other.isPunctual && after == other.after)
    }

    /// With rounding.
    var isCertain: Bool { isPunctual && share > 1 - 1e-9 }
}

extension StepTable {
    /// Each place leads to lower ones, so that all that leads to one is known when its turn comes.
    fileprivate func comingMails(from start: Place, within span: Span) -> [Journey.ComingMail] {
        var approaches = [start: Approach(after: .zero)]
        var mails: [Journey.ComingMail] = []
        for place in (0...start).reversed() {
            guard let approach = approaches.removeValue(forKey: place), approach.after <= span else { continue }
            let line = lines[place]
            if let guards = line.operation.guards {
                mails.append(
                    Journey.ComingMail(
                        step: line.name, visit: line.visit, after: approach.after,
                        isCertain: approach.isCertain && !guards.isOnce && !line.operation.mayRunOut))
            }
            for (next, approach) in line.ways(from: approach) {
                approaches[next] = approaches[next]?.joined(by: approach) ?? approach
            }
        }
        return mails
    }
}

extension StepTable.Operation {
    /// Whether there may be nothing left to send.
    fileprivate var mayRunOut: Bool { if case .stream = self { true } else { false } }
}

extension StepTable.Line {
    /// Where runs go on, and how.
    fileprivate func ways(from approach: Approach) -> [(StepTable.Place, Approach)] {
        var onward = approach
        switch operation {
        case .end: return []
        case .wait(let span), .await(_, let span): onward.after = approach.after + span
        case .waitUntil, .waitUntilDate: onward.isPunctual = false
        case .choose(let arms): return approach.parted(among: arms.map(\.place) + [next])
        case .select(_, let cases): return approach.parted(among: cases.map(\.place) + [next])
        case .split(let shares): return approach.parted(among: shares.map(\.place))
        case .leave(_, let place): return approach.parted(among: [place, next])
        case .stream(_, _, let exhausted): return approach.parted(among: [exhausted, next])
        // What sends, tells or changes something takes no time.
        default: break
        }
        return [(next, onward)]
    }
}

extension Approach {
    fileprivate func parted(among places: [StepTable.Place]) -> [(StepTable.Place, Approach)] {
        places.map { ($0, Approach(after: after, share: share / Double(places.count), isPunctual: isPunctual)) }
    }
}
