import Contracts
import Glibc
import Model

/// Made-up events of a web shop, the same each time: as JSON for the edge, and as the edge would pass them on.
struct EventStream: Sendable {
    /// Stands in every event id, so that streams with other labels hold other events.
    let label: String
    let count: Int
    /// How many people they are about; a stride spreads them evenly.
    let contacts: Int
    var kind = Kind.browsing

    enum Kind: Sendable {
        /// Page views and filled baskets: points, now and then a stage, no journey.
        case browsing
        /// An order by somebody new, with an address: starts a journey of one mail.
        case ordering
        /// A form by somebody new.
        case asking
    }

    /// What the edge turns into rows for scoring: their names.
    static let browsingNames = ["Page Viewed", "Product Added"]

    private static let day = Day()

    func name(_ index: Int) -> String {
        switch kind {
        case .browsing: index % 10 == 0 ? Self.browsingNames[1] : Self.browsingNames[0]
        case .ordering: "Order Completed"
        case .asking: "Form Submitted"
        }
    }

    func eventID(_ index: Int) -> String { "bench-\(label)-\(Digits.padded(index, 8))" }

    func user(_ index: Int) -> String {
        switch kind {
        case .browsing: "user-\(Digits.padded(index * 7919 % contacts, 6))"
        case .ordering, .asking: "buyer-\(label)-\(Digits.padded(index, 6))"
        }
    }

    func properties(_ index: Int) -> String {
        switch kind {
        case .browsing, .asking: Self.view(index)
        case .ordering: #"{"order_id":"\#(label)-\#(index)","revenue":12.5,"currency":"EUR"}"#
        }
    }

    /// What a page view says.
    static func view(_ index: Int) -> String {
        """
        {"path":"/rope/\(index % 997)","title":"Rope, 12 mm, three strands, by the metre",\
        "referrer":"https://search.example/?q=rope","price":12.5}
        """
    }

    func context(_ index: Int) -> String {
        let library = #""library":{"name":"analytics-python","version":"2.3.4"}"#
        switch kind {
        case .browsing, .asking: return "{\(library)}"
        case .ordering:
            let user = user(index)
            return #"{\#(library),"traits":{"email":"\#(user)@mail.example","first_name":"Anne"}}"#
        }
    }

    /// The element of a `/v1/batch` array, or the body of `/v1/track`.
    func json(_ index: Int) -> String {
        """
        {"type":"track","messageId":"\(eventID(index))","userId":"\(user(index))","event":"\(name(index))",\
        "timestamp":"\(Self.day.text(index))","properties":\(properties(index)),"context":\(context(index))}
        """
    }

    /// What the edge puts into the queue for it.
    func accepted(_ index: Int, in workspace: WorkspaceID) -> AcceptedEvent {
        let time = Self.day.time(index)
        return AcceptedEvent(
            workspace: workspace, eventID: eventID(index), call: .track,
            subject: .identity(Identity(.user, user(index))),
            name: name(index), sentTime: time, at: time, receivedAt: time, trust: .server,
            properties: Array(properties(index).utf8), context: Array(context(index).utf8))
    }
}

/// Yesterday, as the place of all events: a millisecond apart.
private struct Day: Sendable {
    private let start: Int64
    private let date: String

    init() {
        let now = Int64(Glibc.time(nil))
        start = (now / 86_400 - 1) * 86_400
        date = String("\(Timestamp(seconds: start))".prefix(10))
    }

    func time(_ index: Int) -> Timestamp {
        Timestamp(microseconds: start * 1_000_000 + Int64(index % 86_400_000) * 1000)
    }

    func text(_ index: Int) -> String {
        let (seconds, milliseconds) = (index / 1000 % 86_400, index % 1000)
        return "\(date)T\(Digits.padded(seconds / 3600, 2)):\(Digits.padded(seconds / 60 % 60, 2)):"
            + "\(Digits.padded(seconds % 60, 2)).\(Digits.padded(milliseconds, 3))Z"
    }
}

/// Numbers of a fixed width.
enum Digits {
    static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
