/// A sum of numbers without any rounding until it is read: whatever the order, and whatever was added up before, the value is
/// the same to the bit.
///
/// Kept as numbers that do not overlap, of growing size, whose sum it is (J. R. Shewchuk, "Adaptive Precision
/// Floating-Point Arithmetic", 1997, section 2.4). Beyond what a Double can hold it is infinite, and stays so.
public struct ExactSum: Sendable, Hashable {
    /// From the smallest to the largest; empty for nothing at all.
    public private(set) var parts: [Double] = []

    public init() {}

    /// A sum that was kept by its parts.
    public init(parts: some Sequence<Double>) {
        for part in parts { add(part) }
    }

    public mutating func add(_ number: Double) {
        if let last = parts.last, !last.isFinite { return }
        var high = number
        var kept = 0
        for index in parts.indices {
            let (large, small) = high.magnitude < parts[index].magnitude ? (parts[index], high) : (high, parts[index])
            high = large + small
            guard high.isFinite else {
                parts = [high]
                return
            }
            let rest = small - (high - large)
            if rest != 0 {
                parts[kept] = rest
                kept += 1
            }
        }
        parts.removeSubrange(kept...)
        parts.append(high)
    }

    public mutating func add(_ other: ExactSum) {
        for part in other.parts { add(part) }
    }

    /// The sum, rounded to the nearest Double, of two that are as near to the even one.
    public var value: Double {
        guard var high = parts.last else { return 0 }
        var index = parts.count - 1
        var rest = 0.0
        while index > 0, rest == 0 {
            index -= 1
            let sum = high + parts[index]
            rest = parts[index] - (sum - high)
            high = sum
        }
        // Half way between two, what lies below decides.
        guard index > 0, (rest < 0) == (parts[index - 1] < 0), rest != 0 else { return high }
        let double = rest * 2
        let next = high + double
        return next - high == double ? next : high
    }
}
