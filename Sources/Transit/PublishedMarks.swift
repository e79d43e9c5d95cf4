import Contracts
public import Messaging
import Model
public import Store

/// How far mailers say that they have claimed, as the broker keeps it.
public enum PublishedMarks {
    /// The newest mark.
    public static func newest(_ broker: BrokerConfiguration) async -> Lineages.Published {
        guard let bodies = try? await Topology.read(.marks, broker) else { return .unreachable }
        // One of a later build says nothing to this one.
        let marks = bodies.compactMap { try? ClaimMark(decoding: $0) }
        return marks.max { $0.number < $1.number }.map { .mark($0.number, at: $0.at) } ?? .none
    }
}
