/// Why a text is not the JSON that Loods takes.
public struct JSONError: Error, Sendable, CustomStringConvertible {
    public var message: String
    /// Offset of the fault in bytes from the start.
    public var offset: Int

    public var description: String { "\(message) at byte \(offset)" }
}

extension JSON {
    /// Reads one JSON text of at most 32 levels.
    ///
    /// Refused are: anything that RFC 8259 refuses, invalid UTF-8, lone surrogates, `\u0000` (PostgreSQL holds neither),
    /// and numbers beyond the range of a double.
    public init(parsing bytes: some Collection<UInt8>) throws(JSONError) {
        var parser = JSONParser(bytes: Array(bytes))
        self = try parser.document()
    }

    /// Reads a text that is not for the store: of up to 200 levels, and with `\u0000` where it stands.
    public init(parsingDocument bytes: some Collection<UInt8>) throws(JSONError) {
        var parser = JSONParser(bytes: Array(bytes), depthLimit: 200, keepsNUL: true)
        self = try parser.document()
    }
}

private struct JSONParser {
    let bytes: [UInt8]
    var index = 0
    let depthLimit: Int
    let keepsNUL: Bool

    init(bytes: [UInt8], depthLimit: Int = 32, keepsNUL: Bool = false) {
        self.bytes = bytes
        self.depthLimit = depthLimit
        self.keepsNUL = keepsNUL
    }

    mutating func document() throws(JSONError) -> JSON {
        let value = try value(depth: 0)
        skipSpace()
        guard index == bytes.count else { throw fault("text after the value") }
        return value
    }

    private func fault(_ message: String) -> JSONError { JSONError(message: message, offset: index) }

    private mutating func skipSpace() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            default: return
            }
        }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSON {
        skipSpace()
        guard depth <= depthLimit else { throw fault("more than \(depthLimit) levels") }
        guard index < bytes.count else { throw fault("the text ends early") }
        switch bytes[index] {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return try number()
        }
    }

    private mutating func literal(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
        let end = index + word.utf8CodeUnitCount
        guard end <= bytes.count,
            bytes[index..<end].elementsEqual(UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
        else { throw fault("not a JSON value") }
        index = end
        return value
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSON {
        index += 1
        var members: [String: JSON] = [:]
        skipSpace()
        if take("}") { return .object(members) }
        repeat {
            skipSpace()
            guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { throw fault("a key is missing") }
            let key = try string()
            skipSpace()
            guard take(":") else { throw fault("a colon is missing") }
            members[key] = try value(depth: depth + 1)
            skipSpace()
        } while take(",")
        guard take("}") else { throw fault("the object does not end") }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSON {
        index += 1
        var elements: [JSON] = []
        skipSpace()
        if take("]") { return .array(elements) }
        repeat {
            elements.append(try value(depth: depth + 1))
            skipSpace()
        } while take(",")
        guard take("]") else { throw fault("the array does not end") }
        return .array(elements)
    }

    private mutating func number() throws(JSONError) -> JSON {
        let start = index
        _ = take("-")
        let leadingZero = index < bytes.count && bytes[index] == UInt8(ascii: "0")
        let whole = digits()
        guard whole > 0, !(leadingZero && whole > 1) else { throw fault("not a JSON value") }
        var isInteger = true
        if take(".") {
            isInteger = false
            guard digits() > 0 else { throw fault("digits are missing") }
        }
        if take("e") || take("E") {
            isInteger = false
            _ = take("+") || take("-")
            guard digits() > 0 else { throw fault("digits are missing") }
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if isInteger, let value = Int64(text) { return .int(value) }
        guard let value = Double(text), value.isFinite else { throw fault("the number is out of range") }
        return .double(value)
    }

    private mutating func digits() -> Int {
        let start = index
        while index < bytes.count, (48...57).contains(bytes[index]) { index += 1 }
        return index - start
    }

    private mutating func string() throws(JSONError) -> String {
        index += 1
        let start = index
        while index < bytes.count, bytes[index] != 0x22, bytes[index] != 0x5C, bytes[index] >= 0x20 { index += 1 }
        guard index < bytes.count else { throw fault("the string does not end") }
        if bytes[index] == 0x22 {
            defer { index += 1 }
            return try text(bytes[start..<index])
        }
        var buffer = Array(bytes[start..<index])
        while true {
            guard index < bytes.count else { throw fault("the string does not end") }
            let byte = bytes[index]
            if byte == 0x22 { break }
            guard byte >= 0x20 else { throw fault("a control character in a string") }
            index += 1
            if byte == 0x5C { try escape(into: &buffer) } else { buffer.append(byte) }
        }
        index += 1
        return try text(buffer[...])
    }

    private func text(_ utf8: ArraySlice<UInt8>) throws(JSONError) -> String {
        guard let text = String(validating: utf8, as: UTF8.self) else { throw fault("invalid UTF-8") }
        return text
    }

    private mutating func escape(into buffer: inout [UInt8]) throws(JSONError) {
        guard index < bytes.count else { throw fault("the string does not end") }
        let byte = bytes[index]
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): buffer.append(byte)
        case UInt8(ascii: "b"): buffer.append(0x08)
        case UInt8(ascii: "f"): buffer.append(0x0C)
        case UInt8(ascii: "n"): buffer.append(0x0A)
        case UInt8(ascii: "r"): buffer.append(0x0D)
        case UInt8(ascii: "t"): buffer.append(0x09)
        case UInt8(ascii: "u"): try buffer.append(contentsOf: String(scalar()).utf8)
        default: throw fault("an unknown escape")
        }
    }

    private mutating func scalar() throws(JSONError) -> Character {
        var code = try unit()
        if (0xD800..<0xDC00).contains(code), take("\\"), take("u") {
            let low = try unit()
            guard (0xDC00..<0xE000).contains(low) else { throw fault("a lone surrogate") }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard code != 0 || keepsNUL else { throw fault("\\u0000, which the store cannot hold") }
        guard let scalar = Unicode.Scalar(code) else { throw fault("a lone surrogate") }
        return Character(scalar)
    }

    private mutating func unit() throws(JSONError) -> UInt32 {
        guard index + 4 <= bytes.count else { throw fault("the string does not end") }
        var code: UInt32 = 0
        for byte in bytes[index..<index + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw fault("not a hex digit") }
            code = code << 4 | UInt32(digit)
        }
        index += 4
        return code
    }
}
