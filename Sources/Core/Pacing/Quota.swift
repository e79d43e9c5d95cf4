public import Model

/// What of one limit is taken, as all mailers share it: counts in the windows of the clock, and how far mail is slowed
/// down beyond it for a while. A value without store and clock.
///
/// Never more is granted in a window than its limit says; what a window leaves is not carried over.
public struct Quota: Sendable, Hashable {
    /// What was taken in the window that one unit last counted in.
    public struct Window: Sendable, Hashable {
        public var start: Timestamp
        public var count: Int64

        public init(start: Timestamp, count: Int64) { (self.start, self.count) = (start, count) }
    }

    /// By ``SendLimits/Unit``.
    public var windows: [Window]
    public var backOff: BackOff

    public init(windows: [Window]? = nil, backOff: BackOff = BackOff()) {
        self.windows =
            windows
            ?? Array(repeating: Window(start: .distantPast, count: 0), count: SendLimits.Unit.allCases.count)
        self.backOff = backOff
    }

    /// How many more may go now; nil: as many as there are.
    public func available(under limits: SendLimits, at now: Timestamp) -> Int64? {
        SendLimits.Unit.allCases.compactMap { unit in
            allowance(limits, unit, window(of: now, unit), at: now).map { max(0, $0 - count(unit, at: now)) }
        }.min()
    }

    /// How many went, or were let go, in the window that an instant lies in.
    public func used(_ unit: SendLimits.Unit, at now: Timestamp) -> Int64 { count(unit, at: now) }

    /// Counts mails that may go.
    public mutating func take(_ mails: Int64, at now: Timestamp) {
        for unit in SendLimits.Unit.allCases {
            let start = unit.start(ofWindow: window(of: now, unit))
            windows[unit.rawValue] = Window(start: start, count: count(unit, at: now) + mails)
        }
    }

    /// Gives back what was taken at `then` and did not go: to the windows that are still open.
    public mutating func giveBack(_ mails: Int64, takenAt then: Timestamp) {
        for unit in SendLimits.Unit.allCases
        where windows[unit.rawValue].start == unit.start(ofWindow: unit.window(of: then)) {
            windows[unit.rawValue].count = max(0, windows[unit.rawValue].count - mails)
        }
    }

    /// The first instant from `now` on at which one more may go, as far as nothing else is taken.
    public func opens(under limits: SendLimits, at now: Timestamp) -> Timestamp {
        SendLimits.Unit.allCases.map { opens(limits, $0, at: now) }.max() ?? now
    }

    /// When the shortest window longer than a second ends that a limit counts in: what was taken in it goes before then or
    /// not at all. A second is as long as a mail takes.
    public func end(under limits: SendLimits, at now: Timestamp) -> Timestamp? {
        SendLimits.Unit.allCases.dropFirst().first { limits[$0] != nil }.map { unit in
            unit.start(ofWindow: window(of: now, unit) + 1)
        }
    }

    private func opens(_ limits: SendLimits, _ unit: SendLimits.Unit, at now: Timestamp) -> Timestamp {
        var window = window(of: now, unit)
        guard let left = allowance(limits, unit, window, at: now), left <= count(unit, at: now) else { return now }
        // Slowed down to less than one a second, windows are left out: as many as a share may leave, at the most.
        for _ in 0..<BackOff.cycle {
            window += 1
            let start = unit.start(ofWindow: window)
            if allowance(limits, unit, window, at: start) != 0 { return start }
        }
        return unit.start(ofWindow: window)
    }

    /// Hosts whose clocks lag do not begin a window again.
    private func window(of now: Timestamp, _ unit: SendLimits.Unit) -> Int64 {
        max(unit.window(of: now), unit.window(of: windows[unit.rawValue].start))
    }

    private func count(_ unit: SendLimits.Unit, at now: Timestamp) -> Int64 {
        let last = windows[unit.rawValue]
        return last.start == unit.start(ofWindow: window(of: now, unit)) ? last.count : 0
    }

    /// What a window has; nil: nothing holds back.
    private func allowance(
        _ limits: SendLimits, _ unit: SendLimits.Unit, _ window: Int64, at now: Timestamp
    ) -> Int64? {
        let slowed = unit == .second ? backOff.allowance(ofSecond: window, at: now) : nil
        return [limits[unit], slowed].compactMap(\.self).min()
    }
}
