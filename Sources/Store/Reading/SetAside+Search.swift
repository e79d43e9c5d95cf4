public import Model
public import Postgres

extension SetAside {
    /// Goes through what has been set aside since an instant, a page at a time.
    public struct Search: Sendable {
        private static let page: Int32 = 500

        private let queues: [String]
        private let start: Timestamp
        private var place: (at: Timestamp, id: UniqueID)

        /// - Parameter instant: machine time.
        public init(queues: [String], since instant: Timestamp) {
            self.queues = queues
            start = instant
            place = (instant, UniqueID(high: 0, low: 0))
        }

        /// The items behind those that were given already, oldest first; empty where there are none now.
        public mutating func next(in session: PostgresSession) throws -> [Item] {
            let items = try session.query(
                """
                select \(unescaped: SetAside.columns) from set_aside
                where queue = any(\(queues)) and (set_aside_at, set_aside_id) > (\(place.at), \(place.id))
                order by set_aside_at, set_aside_id limit \(Self.page)
                """
            ).map(SetAside.item)
            if let last = items.last { place = (last.setAsideAt, last.id) }
            return items
        }

        /// Gives again what is dated within a length of time before the last item: another worker may have committed it
        /// later.
        public mutating func goBack(_ span: Span) {
            place = (max(start, place.at - span), UniqueID(high: 0, low: 0))
        }
    }
}
