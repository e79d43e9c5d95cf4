/// Places of a workspace's questions: small numbers, of which most workspaces have fewer than 64.
public struct Places: Hashable, Sendable {
    /// One bit each.
    private var first: UInt64 = 0
    /// Those from 64 on; the last word is never empty.
    private var rest: [UInt64] = []

    /// - Parameter places: each not negative.
    public init(_ places: some Sequence<Int> = []) {
        for place in places { insert(place) }
    }

    /// Whether there are none.
    public var isEmpty: Bool { first == 0 && rest.isEmpty }

    /// Whether a place is one of them.
    public func contains(_ place: Int) -> Bool {
        let word = place / 64
        if word == 0 { return first & 1 << UInt64(place) != 0 }
        return word <= rest.count && rest[word - 1] & 1 << UInt64(place % 64) != 0
    }

    /// Adds a place.
    public mutating func insert(_ place: Int) {
        let word = place / 64
        if word == 0 {
            first |= 1 << UInt64(place)
            return
        }
        while rest.count < word { rest.append(0) }
        rest[word - 1] |= 1 << UInt64(place % 64)
    }

    /// Adds others.
    public mutating func formUnion(_ other: Places) {
        first |= other.first
        if other.rest.isEmpty { return }
        while rest.count < other.rest.count { rest.append(0) }
        for index in other.rest.indices { rest[index] |= other.rest[index] }
    }

    /// Those that are among others too.
    func intersection(_ other: Places) -> Places { combined(with: other) { $0 & $1 } }

    /// Those that are not among others.
    func subtracting(_ other: Places) -> Places { combined(with: other) { $0 & ~$1 } }

    /// Those that are among one of the two.
    func symmetricDifference(_ other: Places) -> Places { combined(with: other, ^) }

    private func combined(with other: Places, _ combine: (UInt64, UInt64) -> UInt64) -> Places {
        var result = Places()
        result.first = combine(first, other.first)
        for index in 0..<Swift.max(rest.count, other.rest.count) {
            let left = index < rest.count ? rest[index] : 0
            result.rest.append(combine(left, index < other.rest.count ? other.rest[index] : 0))
        }
        while result.rest.last == 0 { result.rest.removeLast() }
        return result
    }

    /// They and others.
    public func union(_ other: Places) -> Places {
        var union = self
        union.formUnion(other)
        return union
    }

    /// The first of them that is not before `place`.
    public func next(from place: Int) -> Int? {
        var (word, bit) = (place / 64, UInt64(place % 64))
        while word <= rest.count {
            let bits = (word == 0 ? first : rest[word - 1]) >> bit
            if bits != 0 { return word * 64 + Int(bit) + bits.trailingZeroBitCount }
            (word, bit) = (word + 1, 0)
        }
        return nil
    }
}

extension Places: Sequence {
    /// In their order.
    public struct Iterator: IteratorProtocol {
        fileprivate let places: Places
        fileprivate var place = 0

        public mutating func next() -> Int? {
            guard let next = places.next(from: place) else { return nil }
            place = next + 1
            return next
        }
    }

    public func makeIterator() -> Iterator { Iterator(places: self) }
}
