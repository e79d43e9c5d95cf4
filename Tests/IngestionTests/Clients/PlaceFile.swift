import Foundation

/// Writes a file in MaxMind's format (its specification 2.0) with a record for some networks of IPv4, as the test needs it.
struct PlaceFile {
    indirect enum Value {
        case text(String)
        /// Of two bytes, four and eight.
        case small(UInt16)
        case number(UInt32)
        case large(UInt64)
        case map([(String, Value)])
        case list([Value])
    }

    /// Networks as their leading bits, each with its record.
    let records: [(bits: [Bool], value: Value)]

    /// - Parameter networks: of IPv4, as `192.0.2.0/24`.
    init(_ networks: [(String, Value)]) {
        records = networks.map { text, value in
            let parts = text.split(separator: "/")
            let bytes = parts[0].split(separator: ".").map { UInt8($0)! }
            let bits: [Bool] = bytes.flatMap { byte in (0..<8).map { (shift: UInt8) in byte & (0x80 >> shift) != 0 } }
            // IPv4 lies in ::/96 of an IPv6 tree.
            return ([Bool](repeating: false, count: 96) + Array(bits.prefix(Int(parts[1])!)), value)
        }
    }

    static func city(_ country: String, _ region: String, _ city: String, _ zone: String) -> Value {
        func named(_ name: String) -> Value { .map([("names", .map([("en", .text(name))]))]) }
        return .map([
            ("city", named(city)), ("country", .map([("iso_code", .text(country))])),
            ("location", .map([("time_zone", .text(zone))])), ("subdivisions", .list([named(region)])),
        ])
    }

    var bytes: [UInt8] {
        var data: [UInt8] = []
        var nodes: [[Int]] = [[0, 0]]
        var leaves: [(node: Int, side: Int, offset: Int)] = []
        for (bits, value) in records {
            var node = 0
            for bit in bits.dropLast() {
                if nodes[node][bit ? 1 : 0] == 0 {
                    nodes.append([0, 0])
                    nodes[node][bit ? 1 : 0] = nodes.count - 1
                }
                node = nodes[node][bit ? 1 : 0]
            }
            leaves.append((node, bits.last! ? 1 : 0, data.count))
            data += Self.encoded(value)
        }
        var tree = nodes.map { $0.map { $0 == 0 ? nodes.count : $0 } }
        for leaf in leaves { tree[leaf.node][leaf.side] = nodes.count + 16 + leaf.offset }
        let search = tree.flatMap { $0.flatMap { Self.big(UInt32($0)) } }
        let metadata = Value.map([
            ("binary_format_major_version", .small(2)), ("binary_format_minor_version", .small(0)),
            ("build_epoch", .large(1)), ("database_type", .text("Test-City")),
            ("description", .map([("en", .text("made by a test"))])), ("ip_version", .small(6)),
            ("languages", .list([.text("en")])), ("node_count", .number(UInt32(nodes.count))),
            ("record_size", .small(32)),
        ])
        return search + Array(repeating: 0, count: 16) + data + [0xAB, 0xCD, 0xEF] + Array("MaxMind.com".utf8)
            + Self.encoded(metadata)
    }

    private static func big(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian, Array.init)
    }

    private static func encoded(_ value: Value) -> [UInt8] {
        switch value {
        case .text(let text): control(2, text.utf8.count) + Array(text.utf8)
        case .small(let number): control(5, 2) + big(number)
        case .number(let number): control(6, 4) + big(number)
        case .large(let number): control(9, 8) + big(number)
        case .map(let members): control(7, members.count) + members.flatMap { encoded(.text($0)) + encoded($1) }
        case .list(let elements): control(11, elements.count) + elements.flatMap(encoded)
        }
    }

    /// A type beyond seven stands in a byte of its own; no size here is larger than 28.
    private static func control(_ type: UInt8, _ size: Int) -> [UInt8] {
        type <= 7 ? [type << 5 | UInt8(size)] : [UInt8(size), type - 7]
    }
}
