public import Model

/// What is carried over of a contact's events of one name that the log no longer has.
public struct CarriedTotal: Sendable, Hashable {
    public var count: Int64
    /// When the first and the last of them happened.
    public var first: Timestamp
    public var last: Timestamp
    /// The sums of numeric properties.
    public var sums: [String: ExactSum]

    public init(count: Int64, first: Timestamp, last: Timestamp, sums: [String: ExactSum] = [:]) {
        self.count = count
        self.first = first
        self.last = last
        self.sums = sums
    }

    /// Adds what is carried over of other events; the order does not matter.
    public mutating func add(_ other: CarriedTotal) {
        count += other.count
        first = min(first, other.first)
        last = max(last, other.last)
        sums.merge(other.sums) { left, right in
            var sum = left
            sum.add(right)
            return sum
        }
    }
}
