public import Model

/// A JSON object laid out for reading by many expressions: each field lies behind a number that the expression knows
/// since it was compiled, so that no text is hashed while it runs.
///
/// Made once per contact or event; what lies inside is laid out as well.
public final class Record: Sendable, Equatable {
    struct Field {
        var name: FieldName
        var value: Value
        /// The record that the value is, owned by it.
        var inner: Unmanaged<Record>?
    }

    /// Filled when the record is made and freed with it; never written in between.
    private nonisolated(unsafe) let fields: UnsafeMutablePointer<Field>
    let count: Int

    /// Anything but an object counts as empty.
    public init(_ json: JSON) {
        let members = (json.object ?? [:]).sorted { $0.key.utf8.comesBefore($1.key.utf8) }
        count = members.count
        fields = .allocate(capacity: members.count)
        for (index, member) in members.enumerated() {
            (fields + index).initialize(
                to: Field(member.key, Value(prepared: member.value)))
        }
    }

    deinit {
        fields.deinitialize(count: count)
        fields.deallocate()
    }

    /// Where the value of a field lies, for as long as the record lives.
    @inline(__always)
    func find(_ name: UnsafePointer<FieldName>) -> UnsafePointer<Field>? {
        var field = fields
        let end = fields + count
        while field < end {
            if field.pointee.name.hash == name.pointee.hash, field.pointee.name.isSame(as: name.pointee) {
                return UnsafePointer(field)
            }
            field += 1
        }
        return nil
    }

    subscript(name: FieldName) -> Value? { withUnsafePointer(to: name) { find($0)?.pointee.value } }

    var entries: [MapValue.Entry] {
        (0..<count).map { MapValue.Entry(key: .string(fields[$0].name.text), value: fields[$0].value) }
    }

    public static func == (left: Record, right: Record) -> Bool {
        left.entries == right.entries
    }
}

extension Record.Field {
    fileprivate init(_ name: String, _ value: Value) {
        self.name = FieldName(name)
        self.value = value
        inner = value.record
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
    let hash: UInt64

    init(_ text: String) {
        self.text = text
        hash = Self.hash(of: text)
    }

    /// Names of up to fifteen bytes are their own sixteen bytes; the rest is compared.
    @inline(__always)
    func isSame(as other: FieldName) -> Bool {
        unsafeBitCast(text, to: (UInt64, UInt64).self) == unsafeBitCast(other.text, to: (UInt64, UInt64).self)
            || text.hasSameScalars(as: other.text)
    }

    /// FNV-1a: it need not withstand anybody, for a record is searched in order.
    static func hash(of text: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0100_0000_01B3 }
        return hash
    }
}
