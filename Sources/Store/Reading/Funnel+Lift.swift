import Model
import Postgres

extension Funnel {
    /// What a journey's messages brought about: how many of those who entered reached its goal, of the hold-out, who got no
    /// marketing, and of the others.
    public struct Lift: Sendable, Hashable {
        public struct Group: Sendable, Hashable {
            public var entered: Int64 = 0
            /// By the second instant.
            public var converted: Int64 = 0

            public init(entered: Int64 = 0, converted: Int64 = 0) {
                self.entered = entered
                self.converted = converted
            }

            /// From 0 to 1; nil where nobody entered.
            public var rate: Double? { entered > 0 ? Double(converted) / Double(entered) : nil }

            /// Of the rate as an estimate.
            fileprivate var variance: Double? { rate.map { $0 * (1 - $0) / Double(entered) } }
        }

        public var heldOut = Group()
        public var others = Group()

        public init(heldOut: Group = Group(), others: Group = Group()) {
            self.heldOut = heldOut
            self.others = others
        }

        /// By how much more of the others reached the goal; nil where one of the groups is empty.
        public var difference: Double? {
            guard let with = others.rate, let without = heldOut.rate else { return nil }
            return with - without
        }

        /// How far the true difference may be from ``difference``, with 95 % confidence: by the normal approximation of two
        /// proportions (Wald), which needs some ten conversions in each group to be worth much.
        public var margin: Double? {
            guard let first = others.variance, let second = heldOut.variance else { return nil }
            return 1.96 * (first + second).squareRoot()
        }
    }

    /// Runs that began while there was no hold-out are left out.
    static func lifts(
        of workspace: WorkspaceID, from: Timestamp, to: Timestamp, in session: PostgresSession
    ) throws -> [String: Lift] {
        let rows = try session.query(
            """
            select journey, held_out, count(*),
                count(*) filter (where outcome = 'converted' and ended_at <= \(to))
            from runs
            where workspace_id = \(workspace) and entered_at > \(from) and entered_at <= \(to) and held_out is not null
            group by 1, 2
            """)
        return try rows.reduce(into: [:]) { lifts, row in
            let (journey, isHeldOut, entered, converted) = try row.decode(
                (String.self, Bool.self, Int64.self, Int64.self))
            let group = Lift.Group(entered: entered, converted: converted)
            if isHeldOut {
                lifts[journey, default: Lift()].heldOut = group
            } else {
                lifts[journey, default: Lift()].others = group
            }
        }
    }
}
