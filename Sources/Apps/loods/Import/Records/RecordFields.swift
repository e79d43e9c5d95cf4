import Contracts
import Model

/// The columns of one record, read with the rules that the edge has for the same values.
struct RecordFields {
    private static let nameLimit = 255

    let fields: [String: JSON]

    /// A text, a number as its digits; nil where there is none.
    func text(_ column: String, limit: Int = nameLimit) throws(RecordFault) -> String? {
        let text: String
        switch fields[column] {
        case nil, .null?: return nil
        case .string(let value)?: text = value
        case .int?, .double?, .bool?: text = Cell.text(of: fields[column])
        default: throw RecordFault("\(column): is not a text")
        }
        guard text.utf8.count <= limit else { throw RecordFault("\(column): has more than \(limit) bytes") }
        guard !text.utf8.contains(0) else { throw RecordFault("\(column): holds a zero byte, which cannot be stored") }
        return text.isEmpty ? nil : text
    }

    /// One text, or a list of texts.
    func texts(_ column: String) throws(RecordFault) -> [String] {
        guard case .array(let values)? = fields[column] else { return [try text(column)].compactMap(\.self) }
        var texts: [String] = []
        for value in values {
            guard let text = try RecordFields(fields: [column: value]).text(column) else { continue }
            texts.append(text)
        }
        return texts
    }

    func time(_ column: String) throws(RecordFault) -> Timestamp? {
        guard let text = try text(column) else { return nil }
        guard let time = Timestamp(iso8601: text) else {
            throw RecordFault("\(column): is not a time of ISO 8601 with its offset")
        }
        return time
    }

    func address(_ column: String) throws(RecordFault) -> String? {
        guard let text = try text(column, limit: 254) else { return nil }
        return try Self.checked(text, column)
    }

    func addresses(_ column: String) throws(RecordFault) -> [String] {
        var addresses: [String] = []
        for text in try texts(column) { addresses.append(try Self.checked(text, column)) }
        return addresses
    }

    private static func checked(_ text: String, _ column: String) throws(RecordFault) -> String {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        let isAddress =
            text.utf8.count <= 254 && parts.count == 2 && parts.allSatisfy { !$0.isEmpty }
            && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
        guard isAddress else { throw RecordFault("\(column): is not an e-mail address") }
        return text
    }
}
