extension Journey {
    /// An e-mail step that a run comes to.
    public struct NextMail: Sendable, Hashable {
        public var step: String
        /// Whether every contact comes to it: no branch lies before it.
        public var isCertain: Bool
    }

    /// The first e-mail that a run comes to without a further wait, once its wait at a step is over; nil where there is none.
    /// Of several behind a branch, the first as it is written.
    public func nextMail(behind step: String, visit: Int) -> NextMail? {
        guard let place = table.place(named: step, visit: visit) else { return nil }
        // Who waits for the winner of a test is sent that.
        if case .test = table.lines[place].operation { return NextMail(step: step, isCertain: true) }
        return nextMail(from: table.lines[place].next, isCertain: true)
    }

    /// The e-mail of a step itself, or the first behind it.
    public func nextMail(at step: String, visit: Int) -> NextMail? {
        table.place(named: step, visit: visit).flatMap { nextMail(from: $0, isCertain: true) }
    }

    private func nextMail(from place: StepTable.Place, isCertain: Bool) -> NextMail? {
        let line = table.lines[place]
        if line.operation.guards != nil { return NextMail(step: line.name, isCertain: isCertain) }
        switch line.operation {
        case .change, .call: return nextMail(from: line.next, isCertain: isCertain)
        default: break
        }
        let places = line.operation.branches
        guard !places.isEmpty else { return nil }
        return (places + [line.next]).lazy.compactMap { nextMail(from: $0, isCertain: false) }.first
    }
}

extension StepTable.Operation {
    /// Where a step that does not wait may lead besides the next one; empty for those that do not branch.
    fileprivate var branches: [StepTable.Place] {
        switch self {
        case .choose(let arms): arms.map(\.place)
        case .select(_, let cases): cases.map(\.place)
        case .split(let shares): shares.map(\.place)
        case .leave(_, let place): [place]
        default: []
        }
    }
}
