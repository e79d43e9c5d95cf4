public import Model

/// A map of CEL: a JSON object as it stands or prepared for quick reading, or the entries that an expression made.
public struct MapValue: Sendable, Equatable {
    enum Storage: Sendable, Equatable {
        case object([String: JSON])
        case record(Record)
        case entries(MapEntries)
    }

    struct Entry: Sendable, Equatable {
        var key: Value
        var value: Value
    }

    let storage: Storage

    public init(_ members: [String: JSON]) { storage = .object(members) }

    /// Takes the record as it is.
    public init(_ record: Record) { storage = .record(record) }

    init(entries: [Entry]) { storage = .entries(MapEntries(entries)) }

    /// The number of entries.
    public var count: Int {
        switch storage {
        case .object(let members): members.count
        case .record(let record): record.count
        case .entries(let entries): entries.list.count
        }
    }

    /// The value under a key, found by CEL's equality: `1`, `1u` and `1.0` are one key.
    public subscript(key: Value) -> Value? {
        switch storage {
        case .object(let members):
            if case .string(let name) = key { members[name].map { Value($0) } } else { nil }
        case .record(let record):
            if case .string(let name) = key { record[FieldName(name)] } else { nil }
        case .entries(let entries): entries[key]
        }
    }

    func field(_ name: FieldName) -> Value? {
        switch storage {
        case .object(let members): members[name.text].map { Value($0) }
        case .record(let record): record[name]
        case .entries(let entries): entries[.string(name.text)]
        }
    }

    func contains(_ name: FieldName) -> Bool {
        switch storage {
        case .object(let members): members[name.text] != nil
        case .record(let record): record[name] != nil
        case .entries(let entries): entries[.string(name.text)] != nil
        }
    }

    /// All entries; those of a JSON object by their keys' bytes, so that what is made of them is the same each time.
    var entries: [Entry] {
        switch storage {
        case .object(let members):
            members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
                .map { Entry(key: .string($0.key), value: Value($0.value)) }
        case .record(let record): record.entries
        case .entries(let entries): entries.list
        }
    }
}

/// The entries of a literal, in the order in which they were written; larger ones with an index.
final class MapEntries: Sendable, Equatable {
    let list: [MapValue.Entry]
    private let places: [MapKey: Int]

    init(_ list: [MapValue.Entry]) {
        self.list = list
        guard list.count > 8 else {
            places = [:]
            return
        }
        var places: [MapKey: Int] = [:]
        for (place, entry) in list.enumerated() {
            if let key = MapKey(entry.key) { places[key] = place }
        }
        self.places = places
    }

    subscript(key: Value) -> Value? {
        guard list.count > 8 else { return list.first { $0.key.isSameKey(as: key) }?.value }
        return MapKey(key).flatMap { places[$0] }.map { list[$0].value }
    }

    static func == (left: MapEntries, right: MapEntries) -> Bool { left.list == right.list }
}

/// A key by CEL's equality: numbers by what they are, text by its code points.
enum MapKey: Hashable {
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case text([UInt8])

    init?(_ value: Value) {
        switch value {
        case .bool(let value): self = .bool(value)
        case .int(let value): self = .int(value)
        case .uint(let value): self = Int64(exactly: value).map { .int($0) } ?? .uint(value)
        case .double(let value):
            guard let key = Int64(exactly: value).map(MapKey.int) ?? UInt64(exactly: value).map(MapKey.uint) else {
                return nil
            }
            self = key
        case .string(let text): self = .text(Array(text.utf8))
        default: return nil
        }
    }
}
