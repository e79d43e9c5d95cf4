public import Model

/// A stable share of contacts that gets no marketing, so that what marketing brings about can be measured: the field's
/// *global control group*. Messages that are owed go to them as to everybody.
public struct HoldOut: Sendable, Hashable {
    /// Of so many contacts ``share`` are held out.
    public static let whole: UInt64 = 10_000

    /// Hundredths of a per cent, from 1 up to ``whole``.
    public var share: UInt64
    /// The topics that they do not get; empty: all.
    public var topics: Set<String>
    /// Names the drawing, beside the workspace's name: under another one others are drawn.
    public var draw: String

    /// - Parameters:
    ///   - workspace: whose it is.
    ///   - group: the name of the group; another one is another drawing.
    public init(share: UInt64, topics: Set<String> = [], of workspace: String, group: String = "") {
        self.share = share
        self.topics = topics
        draw = "\(workspace)/\(group)"
    }

    public func concerns(_ topic: String) -> Bool { topics.isEmpty || topics.contains(topic) }

    /// Whether a contact is held out: the same whenever and wherever it is asked. A greater share holds out those of a
    /// smaller one and more. Whoever has merged is who it has merged into.
    public func holds(_ contact: UniqueID) -> Bool {
        let hash = UniqueID.derived("loods.hold-out", draw, contact.description).high
        // The lowest 16 bits hold the id's version.
        return (hash & ~0xFFFF).multipliedFullWidth(by: Self.whole).high < share
    }
}
