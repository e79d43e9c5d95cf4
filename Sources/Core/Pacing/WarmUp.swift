public import Model

/// How a sending domain that nobody knows yet makes itself known: so many mails on the first day, and twice as many each
/// day that receivers are content with.
public struct WarmUp: Sendable, Hashable {
    /// Mails of the first day.
    public var from: Int64
    /// Once a day has room for so many, the plan is done and holds nothing back; nil: it doubles until somebody ends it.
    public var to: Int64?

    public init(from: Int64, to: Int64? = nil) { (self.from, self.to) = (from, to) }

    /// Mails of a day; nil: the plan is done.
    ///
    /// - Parameter step: how often it has doubled.
    public func allowance(atStep step: Int32) -> Int64? {
        let (mails, isHuge) = from.multipliedReportingOverflow(by: 1 << Int64(min(max(0, step), 40)))
        if isHuge { return nil }
        if let to, mails >= to { return nil }
        return mails
    }

    /// How far a plan has come, and what receivers made of its mails since then.
    public struct Progress: Sendable, Hashable {
        /// How often its allowance has doubled.
        public var step: Int32
        /// The day of UTC, by the domain clock, that the counts are of; nil: nothing went yet.
        public var day: Timestamp?
        /// Attempts that were answered.
        public var sent: Int64
        public var deferred: Int64
        public var complaints: Int64

        public init(
            step: Int32 = 0, day: Timestamp? = nil, sent: Int64 = 0, deferred: Int64 = 0, complaints: Int64 = 0
        ) {
            (self.step, self.day, self.sent) = (step, day, sent)
            (self.deferred, self.complaints) = (deferred, complaints)
        }

        /// Fewer than 5 % were put off, and fewer than 0.1 % complained of.
        public var isContent: Bool { deferred * 20 < max(1, sent) && complaints * 1000 < max(1, sent) }
    }

    /// How far the plan is at an instant.
    public func standing(_ progress: Progress, at now: Timestamp) -> Progress {
        var progress = progress
        begin(now, &progress)
        return progress
    }

    /// Begins the day of an instant where it is a new one: with twice the allowance where the last day that mails went on
    /// used at least half of its own and receivers were content, else with the same.
    public func begin(_ now: Timestamp, _ progress: inout Progress) {
        let today = SendLimits.Unit.day.start(ofWindow: SendLimits.Unit.day.window(of: now))
        guard let day = progress.day else {
            progress.day = today
            return
        }
        guard day < today else { return }
        let isUsed = allowance(atStep: progress.step).map { progress.sent * 2 >= $0 } ?? false
        let step = isUsed && progress.isContent ? progress.step + 1 : progress.step
        progress = Progress(step: step, day: today)
    }
}
