/// A pattern over user agents, in the part of regular expressions that lists of robots are written in: literals, `.`,
/// `[classes]`, `\s \S \d \D \w \W`, `^`, `$`, groups with `|`, and one `*`, `+` or `?` behind a single character or class.
///
/// Groups are written out into alternatives, and of `*` and `+` an alternative holds one: so no text takes longer than its
/// length squared. Whatever else a pattern holds is refused when the list is read.
struct BotPattern: Sendable {
    struct Fault: Error, Hashable {
        var message: String
    }

    private enum Item: Sendable {
        case start
        case end
        case one(ByteSet)
        case optional(ByteSet)
        /// At least so many.
        case many(ByteSet, Int)
    }

    private struct Alternative: Sendable {
        var items: [Item]
        /// Bytes that stand in every text that fits.
        var literal: [UInt8]
    }

    private static let mostAlternatives = 64

    private let alternatives: [Alternative]

    init(_ text: some StringProtocol) throws(Fault) {
        var reader = Reader(Array(text.utf8))
        let lists = try reader.alternatives()
        guard reader.isAtEnd else { throw Fault(message: "a bracket is closed that was not opened") }
        var alternatives: [Alternative] = []
        for items in lists {
            let loops = items.count { if case .many = $0 { true } else { false } }
            guard loops <= 1 else { throw Fault(message: "more than one * or +") }
            alternatives.append(Alternative(items: items, literal: Self.literal(of: items)))
        }
        self.alternatives = alternatives
    }

    func fits(_ text: [UInt8]) -> Bool {
        alternatives.contains { alternative in
            if !alternative.literal.isEmpty, ByteSearch.first(alternative.literal, in: text) == nil { return false }
            return (0...text.count).contains { Self.fits(alternative.items[...], text, at: $0) }
        }
    }

    private static func fits(_ items: ArraySlice<Item>, _ text: [UInt8], at start: Int) -> Bool {
        var (rest, place) = (items, start)
        while let item = rest.popFirst() {
            switch item {
            case .start: guard place == 0 else { return false }
            case .end: guard place == text.count else { return false }
            case .one(let set):
                guard place < text.count, set.contains(text[place]) else { return false }
                place += 1
            case .optional(let set):
                if place < text.count, set.contains(text[place]), fits(rest, text, at: place + 1) { return true }
            case .many(let set, let least):
                var end = place
                while end < text.count, set.contains(text[end]) { end += 1 }
                guard end - place >= least else { return false }
                return stride(from: end, through: place + least, by: -1).contains { fits(rest, text, at: $0) }
            }
        }
        return true
    }

    /// The longest run of single bytes.
    private static func literal(of items: [Item]) -> [UInt8] {
        var (longest, run): ([UInt8], [UInt8]) = ([], [])
        for item in items {
            if case .one(let set) = item, let byte = set.only { run.append(byte) } else { run = [] }
            if run.count > longest.count { longest = run }
        }
        return longest
    }

    // MARK: Reading

    private struct Reader {
        private let text: [UInt8]
        private var place = 0

        init(_ text: [UInt8]) { self.text = text }

        var isAtEnd: Bool { place == text.count }
        private var next: UInt8? { place < text.count ? text[place] : nil }

        private mutating func take(_ character: Character) -> Bool {
            guard next == character.asciiValue else { return false }
            place += 1
            return true
        }

        mutating func alternatives() throws(Fault) -> [[Item]] {
            var all = try sequence()
            while take("|") { all += try sequence() }
            return all
        }

        /// A sequence with its groups written out.
        private mutating func sequence() throws(Fault) -> [[Item]] {
            var lists: [[Item]] = [[]]
            while let byte = next, byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") {
                let choices = try part()
                lists = lists.flatMap { list in choices.map { list + $0 } }
                guard lists.count <= BotPattern.mostAlternatives else { throw Fault(message: "too many alternatives") }
            }
            return lists
        }

        private mutating func part() throws(Fault) -> [[Item]] {
            if take("(") {
                if take("?"), !take(":") { throw Fault(message: "(? may only be (?:") }
                let inner = try alternatives()
                guard take(")") else { throw Fault(message: "a bracket is not closed") }
                if let next, "*+?{".utf8.contains(next) { throw Fault(message: "a group is repeated") }
                return inner
            }
            if take("^") { return [[.start]] }
            if take("$") { return [[.end]] }
            let set = try self.set()
            if take("*") { return [[.many(set, 0)]] }
            if take("+") { return [[.many(set, 1)]] }
            if take("?") { return [[.optional(set)]] }
            return [[.one(set)]]
        }

        private mutating func set() throws(Fault) -> ByteSet {
            guard let byte = next else { throw Fault(message: "the pattern ends too early") }
            place += 1
            switch byte {
            case UInt8(ascii: "["): return try members()
            case UInt8(ascii: "\\"): return try escaped()
            case UInt8(ascii: "."): return ByteSet.all
            case _ where "*+?{}".utf8.contains(byte): throw Fault(message: "nothing stands before a repetition")
            default: return ByteSet(byte)
            }
        }

        private mutating func escaped() throws(Fault) -> ByteSet {
            guard let byte = next else { throw Fault(message: "the pattern ends with a backslash") }
            place += 1
            switch byte {
            case UInt8(ascii: "s"): return .space
            case UInt8(ascii: "S"): return ByteSet.space.inverted
            case UInt8(ascii: "d"): return .digits
            case UInt8(ascii: "D"): return ByteSet.digits.inverted
            case UInt8(ascii: "w"): return .word
            case UInt8(ascii: "W"): return ByteSet.word.inverted
            default:
                let isLetterOrDigit = ByteSet.word.contains(byte) && byte != UInt8(ascii: "_")
                guard !isLetterOrDigit else {
                    throw Fault(message: "\\\(Character(Unicode.Scalar(byte))) is not known")
                }
                return ByteSet(byte)
            }
        }

        private mutating func members() throws(Fault) -> ByteSet {
            let isInverted = take("^")
            var set = ByteSet()
            var isFirst = true
            while let byte = next, isFirst || byte != UInt8(ascii: "]") {
                isFirst = false
                place += 1
                if byte == UInt8(ascii: "\\") {
                    set.formUnion(try escaped())
                } else if next == UInt8(ascii: "-"), place + 1 < text.count, text[place + 1] != UInt8(ascii: "]") {
                    let last = text[place + 1]
                    guard byte <= last else { throw Fault(message: "a range runs backwards") }
                    place += 2
                    for member in byte...last { set.insert(member) }
                } else {
                    set.insert(byte)
                }
            }
            guard take("]") else { throw Fault(message: "a class is not closed") }
            return isInverted ? set.inverted : set
        }
    }
}

/// A set of bytes.
struct ByteSet: Sendable, Hashable {
    private var low: UInt64 = 0, middle: UInt64 = 0, high: UInt64 = 0, highest: UInt64 = 0

    init() {}

    init(_ byte: UInt8) { insert(byte) }

    init(_ bytes: some Sequence<UInt8>) { for byte in bytes { insert(byte) } }

    static let all = ByteSet().inverted
    static let space = ByteSet(" \t\n\r\u{0B}\u{0C}".utf8)
    static let digits = ByteSet("0123456789".utf8)
    static let word = ByteSet("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz".utf8)

    func contains(_ byte: UInt8) -> Bool {
        let word = byte < 128 ? (byte < 64 ? low : middle) : (byte < 192 ? high : highest)
        return word & (1 << UInt64(byte & 63)) != 0
    }

    mutating func insert(_ byte: UInt8) {
        let bit: UInt64 = 1 << UInt64(byte & 63)
        switch byte >> 6 {
        case 0: low |= bit
        case 1: middle |= bit
        case 2: high |= bit
        default: highest |= bit
        }
    }

    mutating func formUnion(_ other: ByteSet) {
        low |= other.low
        middle |= other.middle
        high |= other.high
        highest |= other.highest
    }

    var inverted: ByteSet {
        var set = self
        (set.low, set.middle, set.high, set.highest) = (~low, ~middle, ~high, ~highest)
        return set
    }

    /// The member of a set of one.
    var only: UInt8? {
        let words = [low, middle, high, highest]
        guard words.reduce(0, { $0 + $1.nonzeroBitCount }) == 1 else { return nil }
        return words.firstIndex { $0 != 0 }.map { UInt8($0 * 64 + words[$0].trailingZeroBitCount) }
    }
}
