import Model
import SendGate

/// Which addresses broadcasts have reached: of the contacts who share one, a broadcast lets in the first that it comes to.
///
/// Broadcasts go to contacts in the order of their ids; whoever plays several hands this from one to the next in that order.
public struct Letterboxes: Sendable {
    private struct Mailing: Hashable {
        var part: Int
        var opening: Timestamp
    }

    private var reached: [Mailing: Set<String>] = [:]

    public init() {}

    func isReached(_ address: MessageAddress, by part: Int, at opening: Timestamp) -> Bool {
        guard case .usable(let text) = address else { return false }
        return reached[Mailing(part: part, opening: opening)]?.contains(text) ?? false
    }

    mutating func reach(_ address: MessageAddress, by part: Int, at opening: Timestamp) {
        guard case .usable(let text) = address else { return }
        reached[Mailing(part: part, opening: opening), default: []].insert(text)
    }
}
