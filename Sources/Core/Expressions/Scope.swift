/// Where an expression stands, and so which variables and functions it may use.
///
/// Everywhere allowed are `contact`, `stage`, `did`, `count`, `sum`, `first`, `last`, `score`, `band`, `consented` and
/// `in_segment`.
public struct Scope: OptionSet, Sendable, Hashable {
    public var rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// What is asked of a contact at any time: segments, stages, branches outside a run.
    public static let audience: Scope = []
    /// Adds `event`: rules on events.
    public static let event = Scope(rawValue: 1)
    /// Adds `run.did`, `run.count`, `run.sum`, `run.first`, `run.last` and `answers`, what systems that the run's steps have
    /// told something said to it, by step: goals, exits and branches of a journey.
    public static let run = Scope(rawValue: 2)
    /// Adds `persona`: what e-mails choose their content by.
    public static let content = Scope(rawValue: 4)
    /// Adds `device`, `place`, `time`, `date`, `weekday`, `language` and `live`: the moment at which a mail is opened.
    public static let opening = Scope(rawValue: 8)
    /// The condition on which an event starts a journey.
    public static let entry: Scope = [.event]
}
