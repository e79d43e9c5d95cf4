import NIOCore

/// The bytes of a body with the room behind them that the JSON reader needs.
struct PaddedText: Sendable {
    /// What must be readable behind the text (simdjson's padding).
    static let padding = 64

    private(set) var bytes: [UInt8]
    let count: Int

    /// - Parameter bytes: the text, without padding.
    init(_ bytes: [UInt8]) {
        count = bytes.count
        self.bytes = bytes
        self.bytes.append(contentsOf: repeatElement(0, count: Self.padding))
    }

    /// The parts of a body, one after the other.
    init(parts: [ByteBuffer]) {
        let count = parts.reduce(0) { $0 + $1.readableBytes }
        self.count = count
        bytes = Array(unsafeUninitializedCapacity: count + Self.padding) { target, initialized in
            var offset = 0
            for part in parts {
                part.withUnsafeReadableBytes { source in
                    UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(target)[offset...])
                        .copyMemory(from: source)
                    offset += source.count
                }
            }
            for index in offset..<offset + Self.padding { target[index] = 0 }
            initialized = offset + Self.padding
        }
    }

    var text: ArraySlice<UInt8> { bytes[..<count] }
}
