/// Takes a mail's bytes as they come, and finds its end: CRLF, a dot, CRLF and nothing else (RFC 5321, section 4.1.1.4).
///
/// A line feed without a carriage return before it is a fault: what one server takes for the end of a mail another one does
/// not, and by that mails are smuggled in.
struct MailCollector {
    enum Progress: Equatable {
        case more
        /// So many of the bytes belong to the mail and its end.
        case ended(used: Int)
        case bareLineFeed
        case tooLong
    }

    private enum Place {
        case lineStart
        case inLine
        /// Behind a carriage return.
        case afterReturn
        /// Behind a dot at the beginning of a line, and behind that and a carriage return.
        case afterDot
        case afterDotReturn
    }

    private let limit: Int
    private let keptLimit: Int
    private var place = Place.lineStart
    private var length = 0
    private(set) var kept: [UInt8] = []

    init(limit: Int, keptLimit: Int) {
        self.limit = limit
        self.keptLimit = keptLimit
    }

    mutating func take(_ bytes: some Collection<UInt8>) -> Progress {
        var used = 0
        for byte in bytes {
            used += 1
            switch (place, byte) {
            case (.lineStart, UInt8(ascii: ".")):
                place = .afterDot
                continue
            case (.afterDot, UInt8(ascii: "\r")):
                place = .afterDotReturn
                continue
            case (.afterDotReturn, UInt8(ascii: "\n")): return .ended(used: used)
            case (.afterDotReturn, _): keep(UInt8(ascii: "\r"))
            case (.afterReturn, UInt8(ascii: "\n")):
                keep(byte)
                place = .lineStart
                continue
            default: break
            }
            if byte == UInt8(ascii: "\n") { return .bareLineFeed }
            keep(byte)
            place = byte == UInt8(ascii: "\r") ? .afterReturn : .inLine
            if length > limit { return .tooLong }
        }
        return .more
    }

    private mutating func keep(_ byte: UInt8) {
        length += 1
        if kept.count < keptLimit { kept.append(byte) }
    }
}
