/// A whole answer of HTTP/1.1 with a length.
struct HTTPAnswer {
    private let bytes: [UInt8]
    private let body: Range<Int>

    /// Nil while something is missing.
    init?(_ bytes: [UInt8]) {
        guard let head = Self.find(Array("\r\n\r\n".utf8), in: bytes[...]) else { return nil }
        let start = head + 4
        let end = start + Self.length(in: bytes[..<head])
        guard bytes.count >= end else { return nil }
        self.bytes = bytes
        body = start..<end
    }

    /// 200, and no event rejected.
    var isSuccess: Bool {
        bytes.count > 12 && bytes[9..<12].elementsEqual("200".utf8)
            && Self.find(Array("rejected".utf8), in: bytes[body]) == nil
    }

    /// The beginning, for people.
    var text: String {
        String(decoding: bytes[9..<min(12, bytes.count)] + [0x20] + bytes[body].prefix(300), as: UTF8.self)
    }

    private static func find(_ needle: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        guard bytes.count >= needle.count else { return nil }
        return (bytes.startIndex...(bytes.endIndex - needle.count)).first { start in
            bytes[start] == needle[0] && bytes[start..<(start + needle.count)].elementsEqual(needle)
        }
    }

    private static func length(in head: ArraySlice<UInt8>) -> Int {
        for name in ["Content-Length:", "content-length:"] {
            guard let found = find(Array(name.utf8), in: head) else { continue }
            let digits = head[(found + name.utf8.count)...].drop { $0 == 0x20 }.prefix { (0x30...0x39).contains($0) }
            return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        }
        return 0
    }
}
