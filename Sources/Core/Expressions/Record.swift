public import Model

/// A JSON object laid out for reading by many expressions: each field lies behind a number that the expression knows
/// since it was compiled, so that no text is hashed while it runs.
///
/// Made once per contact or event; what lies inside is laid out as well.
public final class Record: Sendable, Equatable {
    private let hashes: [UInt32]
    private let names: [String]
    private let values: [Value]

    /// Anything but an object counts as empty.
    public init(_ json: JSON) {
        let members = (json.object ?? [:]).sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        hashes = members.map { FieldName.hash(of: $0.key) }
        names = members.map(\.key)
        values = members.map { Value(prepared: $0.value) }
    }

    var count: Int { values.count }

    func index(of name: FieldName) -> Int? {
        var index = 0
        while index < hashes.count {
            if hashes[index] == name.hash, names[index].hasSameScalars(as: name.text) { return index }
            index += 1
        }
        return nil
    }

    subscript(name: FieldName) -> Value? { index(of: name).map { values[$0] } }

    var entries: [MapValue.Entry] {
        zip(names, values).map { MapValue.Entry(key: .string($0), value: $1) }
    }

    public static func == (left: Record, right: Record) -> Bool {
        left.names == right.names && left.values == right.values
    }
}

extension Value {
    /// The value that JSON becomes, objects laid out as records.
    init(prepared json: JSON) {
        switch json {
        case .object: self = .map(MapValue(Record(json)))
        case .array(let elements): self = .list(elements.map { Value(prepared: $0) })
        default: self.init(json)
        }
    }
}

/// The name of a field, with the number that stands for it.
struct FieldName: Sendable, Hashable {
    let text: String
    let hash: UInt32

    init(_ text: String) {
        self.text = text
        hash = Self.hash(of: text)
    }

    /// FNV-1a: it need not withstand anybody, for a record is searched in order.
    static func hash(of text: String) -> UInt32 {
        var hash: UInt32 = 0x811C_9DC5
        for byte in text.utf8 { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
        return hash
    }
}
