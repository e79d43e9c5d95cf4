/// The header fields of an encoded mail, and where its body begins.
struct HeaderFields {
    /// Each with its line end, in order.
    private(set) var fields: [Range<Int>] = []
    private(set) var bodyStart: Int

    /// A field begins a line that begins with no white space; an empty line ends them.
    init(_ mail: UnsafeBufferPointer<UInt8>) {
        var (start, line) = (0, 0)
        bodyStart = mail.count
        while line < mail.count {
            let end = mail[line...].firstIndex(of: ASCII.lineFeed).map { $0 + 1 } ?? mail.count
            let isEmpty = mail[line] == ASCII.carriageReturn || mail[line] == ASCII.lineFeed
            let isContinued = mail[line] == ASCII.space || mail[line] == ASCII.tab
            if !isContinued, line > start {
                fields.append(start..<line)
                start = line
            }
            if isEmpty {
                bodyStart = end
                return
            }
            line = end
        }
        if line > start { fields.append(start..<line) }
    }

    /// The fields of a name in lower case, from the last to the first.
    func named(_ name: StaticString, in mail: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
        fields.reversed().filter { Self.isNamed(name, mail[$0]) }
    }

    private static func isNamed(_ name: StaticString, _ field: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        let length = name.utf8CodeUnitCount
        guard field.count > length, field[field.startIndex + length] == UInt8(ascii: ":") else { return false }
        for place in 0..<length where field[field.startIndex + place] | 0x20 != name.utf8Start[place] | 0x20 {
            return false
        }
        return true
    }
}
