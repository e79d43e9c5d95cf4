public import Model

/// That somebody was erased, for a store that is restored to a time before: the body of the queue `erasures`.
///
/// Of who it was it holds keyed hashes alone, those of the store's own tombstones.
public struct ErasureRecord: Contract {
    public static let letter: Unicode.Scalar = "G"
    public static let version: UInt16 = 1

    /// An address to which no mail goes.
    public struct Address: Sendable, Hashable {
        public var hash: [UInt8]
        public var reason: String

        public init(hash: [UInt8], reason: String) {
            self.hash = hash
            self.reason = reason
        }
    }

    public var workspace: WorkspaceID
    /// Domain time.
    public var erasedAt: Timestamp
    /// The subjects that the person was.
    public var subjects: [[UInt8]]
    public var addresses: [Address]

    public init(workspace: WorkspaceID, erasedAt: Timestamp, subjects: [[UInt8]], addresses: [Address]) {
        self.workspace = workspace
        self.erasedAt = erasedAt
        self.subjects = subjects
        self.addresses = addresses
    }

    public init(from reader: inout WireReader) throws(ContractError) {
        workspace = WorkspaceID(rawValue: try reader.int32("workspace"))
        erasedAt = try reader.timestamp("erased at")
        subjects = try reader.array("subjects") { reader throws(ContractError) in try reader.run("subject") }
        addresses = try reader.array("addresses") { reader throws(ContractError) in
            Address(hash: try reader.run("address"), reason: try reader.string("reason"))
        }
    }

    public func write(to writer: inout WireWriter) {
        writer.write(workspace.rawValue)
        writer.write(erasedAt)
        writer.write(each: subjects) { writer, hash in writer.write(hash) }
        writer.write(each: addresses) { writer, address in
            writer.write(address.hash)
            writer.write(address.reason)
        }
    }
}
