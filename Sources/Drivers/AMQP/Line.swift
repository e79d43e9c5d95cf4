/// First in, first out, and reached by position: 0 is the first. Taking from the front costs the same however long it
/// is.
struct Line<Element>: RandomAccessCollection, MutableCollection {
    private var slots: [Element] = []
    private var head = 0

    var startIndex: Int { 0 }
    var endIndex: Int { slots.count - head }

    subscript(position: Int) -> Element {
        _read { yield slots[head + position] }
        _modify { yield &slots[head + position] }
    }

    mutating func append(_ element: Element) {
        slots.append(element)
    }

    /// Drops the first; there must be one. Its memory is freed some time later: empty it before.
    mutating func dropFirst() {
        head += 1
        guard head * 2 > slots.count else { return }
        slots.removeFirst(head)
        head = 0
    }

    mutating func removeAll(where isGone: (Element) -> Bool) {
        slots.removeFirst(head)
        head = 0
        slots.removeAll(where: isGone)
    }
}
