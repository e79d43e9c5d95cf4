extension Value: CustomStringConvertible {
    /// The value as CEL writes it, cut where it would become very long.
    public var description: String {
        var output = ""
        write(to: &output)
        return output
    }

    private static let longest = 10_000

    private func write(to output: inout String) {
        guard output.utf8.count < Self.longest else { return }
        switch self {
        case .string(let text): output += text.quoted
        case .uint(let number): output += "\(number)u"
        case .double(let number): output += Self.literal(number)
        case .bytes(let bytes):
            output += "b\"" + bytes.prefix(Self.longest).map(Self.escaped).joined() + "\""
        case .timestamp: output += "timestamp(\"\(text ?? "")\")"
        case .duration: output += "duration(\"\(text ?? "")\")"
        case .network(let network): output += (network.prefix == nil ? "ip" : "cidr") + "(\"\(network.text)\")"
        case .optional(let optional):
            output += optional.value == nil ? "optional.none()" : "optional.of("
            optional.value?.write(to: &output)
            if optional.value != nil { output += ")" }
        case .list(let elements): Self.write(elements, "[", "]", to: &output) { $0.write(to: &$1) }
        case .map(let map):
            Self.write(map.entries, "{", "}", to: &output) { entry, output in
                entry.key.write(to: &output)
                output += ": "
                entry.value.write(to: &output)
            }
        case .null, .bool, .int, .type: output += text ?? ""
        }
    }

    private static func write<T>(
        _ parts: [T], _ opening: String, _ closing: String, to output: inout String,
        _ writePart: (T, inout String) -> Void
    ) {
        output += opening
        for (number, part) in parts.enumerated() {
            if number > 0 { output += ", " }
            guard output.utf8.count < longest else {
                output += "…"
                break
            }
            writePart(part, &output)
        }
        output += closing
    }

    private static func literal(_ number: Double) -> String {
        guard number.isFinite else { return "double(\"\(number.celText)\")" }
        let text = number.celText
        return text.contains { ".e".contains($0) } ? text : text + ".0"
    }

    private static func escaped(_ byte: UInt8) -> String {
        if (0x20..<0x7F).contains(byte), byte != 0x22, byte != 0x5C { return String(Unicode.Scalar(byte)) }
        return "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}
