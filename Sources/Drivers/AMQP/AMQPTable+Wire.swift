import CLibRabbitMQ

/// Memory of one table in the library's own form, freed all at once.
private struct TableArena {
    private var blocks: [UnsafeMutableRawPointer] = []

    mutating func bytes(_ text: String) -> amqp_bytes_t {
        let utf8 = Array(text.utf8)
        let block = UnsafeMutableRawPointer.allocate(byteCount: max(utf8.count, 1), alignment: 1)
        block.copyMemory(from: utf8, byteCount: utf8.count)
        blocks.append(block)
        return amqp_bytes_t(len: utf8.count, bytes: block)
    }

    mutating func table(_ table: AMQPTable) -> amqp_table_t {
        let entries = UnsafeMutablePointer<amqp_table_entry_t>.allocate(capacity: max(table.count, 1))
        blocks.append(UnsafeMutableRawPointer(entries))
        for (index, (key, value)) in table.enumerated() {
            (entries + index).initialize(to: amqp_table_entry_t(key: bytes(key), value: field(value)))
        }
        return amqp_table_t(num_entries: Int32(table.count), entries: entries)
    }

    private mutating func field(_ value: AMQPValue) -> amqp_field_value_t {
        var field = amqp_field_value_t()
        switch value {
        case .string(let text):
            field.kind = UInt8(AMQP_FIELD_KIND_UTF8.rawValue)
            field.value.bytes = bytes(text)
        case .int(let number):
            field.kind = UInt8(AMQP_FIELD_KIND_I64.rawValue)
            field.value.i64 = number
        case .bool(let flag):
            field.kind = UInt8(AMQP_FIELD_KIND_BOOLEAN.rawValue)
            field.value.boolean = flag ? 1 : 0
        case .table(let inner):
            field.kind = UInt8(AMQP_FIELD_KIND_TABLE.rawValue)
            field.value.table = table(inner)
        }
        return field
    }

    func free() {
        for block in blocks { block.deallocate() }
    }
}

extension AMQPTable {
    /// Calls `body` with the table in the library's form, which lives only during the call.
    func withWireForm<R>(_ body: (amqp_table_t) -> R) -> R {
        var arena = TableArena()
        let table = arena.table(self)
        defer { arena.free() }
        return body(table)
    }

    /// Copies out what the library decoded; leaves out kinds that ``AMQPValue`` does not have.
    init(wireForm table: amqp_table_t) {
        self.init(minimumCapacity: Int(table.num_entries))
        for index in 0..<Int(table.num_entries) {
            let entry = table.entries[index]
            self[String(entry.key)] = AMQPValue(wireForm: entry.value)
        }
    }
}

extension AMQPValue {
    init?(wireForm field: amqp_field_value_t) {
        switch amqp_field_value_kind_t(UInt32(field.kind)) {
        case AMQP_FIELD_KIND_UTF8, AMQP_FIELD_KIND_BYTES: self = .string(String(field.value.bytes))
        case AMQP_FIELD_KIND_BOOLEAN: self = .bool(field.value.boolean != 0)
        case AMQP_FIELD_KIND_TABLE: self = .table(AMQPTable(wireForm: field.value.table))
        case AMQP_FIELD_KIND_I8: self = .int(Int64(field.value.i8))
        case AMQP_FIELD_KIND_U8: self = .int(Int64(field.value.u8))
        case AMQP_FIELD_KIND_I16: self = .int(Int64(field.value.i16))
        case AMQP_FIELD_KIND_U16: self = .int(Int64(field.value.u16))
        case AMQP_FIELD_KIND_I32: self = .int(Int64(field.value.i32))
        case AMQP_FIELD_KIND_U32: self = .int(Int64(field.value.u32))
        case AMQP_FIELD_KIND_I64: self = .int(field.value.i64)
        default: return nil
        }
    }
}

extension String {
    /// Copies a short string out of the library's memory; bytes that are not UTF-8 are replaced.
    init(_ bytes: amqp_bytes_t) {
        self.init(decoding: UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.len), as: UTF8.self)
    }

    /// Calls `body` with these bytes in the library's form, which lives only during the call.
    func withWireForm<R>(_ body: (amqp_bytes_t) -> R) -> R {
        var text = self
        return text.withUTF8 { body(amqp_bytes_t(UnsafeRawBufferPointer($0))) }
    }
}

extension amqp_bytes_t {
    /// Borrows `buffer`; the library does not write through it.
    init(_ buffer: UnsafeRawBufferPointer) {
        self.init(len: buffer.count, bytes: UnsafeMutableRawPointer(mutating: buffer.baseAddress))
    }
}
