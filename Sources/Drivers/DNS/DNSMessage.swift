/// An answer as it came over the wire (RFC 1035, section 4). It may be anybody's: whatever cannot be read makes it unreadable.
struct DNSMessage {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The answer's records of a kind, in their order; nil where they cannot be read.
    func records(_ kind: DNSRecord.Kind) -> [DNSRecord]? {
        guard let questions = number(at: 4), let answers = number(at: 6) else { return nil }
        var index = 12
        for _ in 0..<questions {
            guard let end = name(at: index)?.end else { return nil }
            index = end + 4
        }
        var records: [DNSRecord] = []
        for _ in 0..<answers {
            guard let start = name(at: index)?.end, let type = number(at: start), let size = number(at: start + 8),
                start + 10 + size <= bytes.count
            else { return nil }
            let data = start + 10..<start + 10 + size
            if type == kind.rawValue {
                guard let record = record(kind, data) else { return nil }
                records.append(record)
            }
            index = data.upperBound
        }
        return records
    }

    private func record(_ kind: DNSRecord.Kind, _ data: Range<Int>) -> DNSRecord? {
        switch kind {
        case .a, .aaaa:
            guard data.count == (kind == .a ? 4 : 16) else { return nil }
            return .address(NetworkAddress.text(Array(bytes[data])))
        case .cname, .ptr: return name(at: data.lowerBound).map { .name($0.text) }
        case .mx:
            guard let preference = number(at: data.lowerBound), let host = name(at: data.lowerBound + 2) else {
                return nil
            }
            return .exchange(preference: preference, host: host.text)
        case .txt: return text(data).map { .text($0) }
        }
    }

    private func number(at index: Int) -> Int? {
        index + 1 < bytes.count ? Int(bytes[index]) << 8 | Int(bytes[index + 1]) : nil
    }

    private func text(_ data: Range<Int>) -> String? {
        var (index, joined) = (data.lowerBound, [UInt8]())
        while index < data.upperBound {
            let end = index + 1 + Int(bytes[index])
            guard end <= data.upperBound else { return nil }
            joined += bytes[(index + 1)..<end]
            index = end
        }
        return String(decoding: joined, as: UTF8.self)
    }

    /// A name, and where what follows it begins. Pointers lead backwards only, so that each name ends.
    private func name(at start: Int) -> (text: String, end: Int)? {
        var (index, limit, length) = (start, start, 0)
        var end: Int?
        var labels: [String] = []
        while index < bytes.count {
            let size = Int(bytes[index])
            if size == 0 { return (labels.joined(separator: "."), end ?? index + 1) }
            if size >= 0xC0 {
                guard let pointer = number(at: index), pointer & 0x3FFF < limit else { return nil }
                end = end ?? index + 2
                (index, limit) = (pointer & 0x3FFF, pointer & 0x3FFF)
                continue
            }
            length += size + 1
            guard size < 64, length < 255, index + 1 + size <= bytes.count else { return nil }
            labels.append(Self.label(bytes[(index + 1)..<(index + 1 + size)]))
            index += 1 + size
        }
        return nil
    }

    /// In lower case; what would be mistaken for something else as `\DDD` (RFC 1035, section 5.1).
    private static func label(_ bytes: ArraySlice<UInt8>) -> String {
        bytes.reduce(into: "") { label, byte in
            if (0x21...0x7E).contains(byte), byte != UInt8(ascii: "."), byte != UInt8(ascii: "\\") {
                label += String(UnicodeScalar(byte)).lowercased()
            } else {
                let digits = String(byte)
                label += "\\" + String(repeating: "0", count: 3 - digits.count) + digits
            }
        }
    }
}
