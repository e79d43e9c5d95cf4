import Contracts
import Model

/// Turns the columns of a row into a tracking call, as a line of JSON would bring it.
struct RowReading: Sendable {
    private let map: ImportMap
    /// Where each column stands.
    private let places: [String: Int]
    private let width: Int

    /// - Throws: where the map names a column that is not there.
    init(_ map: ImportMap, columns: [String]) throws(RecordFault) {
        self.map = map
        width = columns.count
        places = Dictionary(columns.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        if let unknown = map.usedColumns.subtracting(columns).min() {
            throw RecordFault("there is no column \"\(unknown)\"; columns are \(columns.joined(separator: ", "))")
        }
    }

    /// The call; values that are empty are left out.
    func item(_ row: [String]) throws(RecordFault) -> JSON {
        guard row.count == width else {
            throw RecordFault("it has \(row.count.counted("column")), not \(width)")
        }
        var item: [String: JSON] = ["type": .string("\(map.call)")]
        for (field, source) in map.fields where field != "email" { item[field] = try value(source, row) }
        item["event"] = try map.event.map { source throws(RecordFault) in try value(source, row) } ?? nil
        item["timestamp"] = try timestamp(row)
        let email = try map.fields["email"].map { source throws(RecordFault) in try value(source, row) } ?? nil
        var traits = try object(map.traits, row)
        if let email { traits["email"] = email }
        let properties = try object(map.properties, row)
        if !properties.isEmpty { item["properties"] = .object(properties) }
        if !traits.isEmpty, map.call == .identify || map.call == .group { item["traits"] = .object(traits) }
        if !traits.isEmpty, map.call != .identify, map.call != .group {
            item["context"] = .object(["traits": .object(traits)])
        }
        return .object(item)
    }

    private func timestamp(_ row: [String]) throws(RecordFault) -> JSON? {
        guard let (source, format) = map.time else { return nil }
        guard let text = try value(source, row)?.string else { throw RecordFault("its time is missing") }
        guard let time = format.read(text) else {
            throw RecordFault("\"\(text.prefix(40))\" is not a time of the map's format")
        }
        return .string(time.description)
    }

    private func object(_ sources: [String: ImportMap.Source], _ row: [String]) throws(RecordFault) -> [String: JSON] {
        var object: [String: JSON] = [:]
        for (name, source) in sources { object[name] = try value(source, row) }
        return object
    }

    private func value(_ source: ImportMap.Source, _ row: [String]) throws(RecordFault) -> JSON? {
        switch source {
        case .constant(.text(let text)): return .string(text)
        case .constant(.integer(let value)): return .int(value)
        case .constant(.number(let value)): return .double(value)
        case .constant(.flag(let value)): return .bool(value)
        case .template(let pieces):
            let text = pieces.map { piece in
                switch piece {
                case .text(let text): text
                case .column(let name): places[name].map { row[$0] } ?? ""
                }
            }.joined()
            return text.isEmpty ? nil : .string(text)
        case .column(let name, let kind):
            guard let place = places[name], !row[place].isEmpty else { return nil }
            return try typed(row[place], kind, name)
        }
    }

    private func typed(_ text: String, _ kind: ImportMap.ValueKind, _ column: String) throws(RecordFault) -> JSON {
        let value: JSON? =
            switch kind {
            case .string: .string(text)
            case .integer: Int64(text).map { .int($0) }
            case .number: Int64(text).map { .int($0) } ?? Double(text).flatMap { $0.isFinite ? .double($0) : nil }
            case .boolean: flag(text).map { .bool($0) }
            }
        guard let value else { throw RecordFault("\(column): \"\(text.prefix(40))\" is no \(kind.rawValue)") }
        return value
    }

    private func flag(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "yes", "1": true
        case "false", "no", "0": false
        default: nil
        }
    }
}
