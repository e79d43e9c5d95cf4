public import Model

extension MailTokens {
    /// A token: two bytes for what it is for, and its digits.
    private static let length = 60
    /// What looks like a token and is none costs an HMAC.
    private static let mostTried = 32

    /// The message of ours that a text names somewhere, as a copy of a mail does in its header: the first one whose token is
    /// signed. Of what looks like a token 32 are tried.
    public func search(_ text: [UInt8]) -> MessageMark? {
        var (start, tried) = (0, 0)
        while tried < Self.mostTried, let plus = text[start...].firstIndex(of: UInt8(ascii: "+")) {
            start = plus + 1
            let place = (plus - 1)..<(plus - 1 + Self.length)
            guard place.lowerBound >= 0, place.upperBound <= text.count,
                text[place].dropFirst(2).allSatisfy(Self.isDigit)
            else { continue }
            tried += 1
            if let found = read(String(decoding: text[place], as: UTF8.self)) { return found.mark }
        }
        return nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            || (UInt8(ascii: "2")...UInt8(ascii: "7")).contains(byte)
    }
}
