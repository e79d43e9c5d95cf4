public import Model

/// How much of a journey's marketing may come back, or be complained of, before the journey is paused: what comes back tells
/// mailbox providers of bought and old lists, and they take it out on all that its sender sends.
public struct ReturnLimits: Sendable, Hashable {
    /// Shares are of so many mails: they are hundredths of a per cent.
    public static let whole: Int64 = 10_000
    /// Of fewer mails the share says nothing.
    public static let fewest: Int64 = 500
    /// Older mails do not count.
    public static let window = Span.days(7)

    /// Of mails that reached nobody: no such address, a box that takes nothing.
    public var bounces: Int64
    /// Google's limit, above which it mitigates nothing.
    public var complaints: Int64

    public init(bounces: Int64 = 500, complaints: Int64 = 30) {
        self.bounces = bounces
        self.complaints = complaints
    }

    /// What came back of the mails of a journey.
    public struct Returns: Sendable, Hashable {
        public var bounces: Int64
        public var complaints: Int64

        public init(bounces: Int64, complaints: Int64) {
            self.bounces = bounces
            self.complaints = complaints
        }
    }

    /// Among how many mails so much may come back: it is too much of fewer, once there are ``fewest``. Nil: it never is.
    public func harmlessAmong(_ returns: Returns) -> Int64? {
        func mails(_ count: Int64, _ limit: Int64) -> Int64 { (count * Self.whole + limit - 1) / limit }
        let mails = max(mails(returns.bounces, bounces), mails(returns.complaints, complaints))
        return mails > Self.fewest ? mails : nil
    }

    /// What is too much among so many mails, in words.
    public func words(_ returns: Returns, among mails: Int64) -> String {
        func share(_ count: Int64) -> String {
            let hundredths = count * Self.whole / max(1, mails)
            return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100) %"
        }
        return returns.bounces * Self.whole > bounces * mails
            ? "\(share(returns.bounces)) of its last \(mails) mails came back"
            : "\(share(returns.complaints)) of its last \(mails) mails were called spam"
    }
}
