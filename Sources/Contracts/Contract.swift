/// A body that one process publishes and another reads.
///
/// Every body begins with four bytes: `L`, a letter for the contract, and the version as a little-endian 16-bit number.
/// A reader meets unknown versions with `ContractError.unknownVersion`; such bodies are set aside, never guessed at.
/// Golden files under `Tests/ContractsTests/Golden` hold the bytes of each version.
public protocol Contract: Sendable, Hashable {
    /// The letter in the second byte.
    static var letter: Unicode.Scalar { get }
    /// The newest version that this build writes and reads.
    static var version: UInt16 { get }
    /// The versions that this build reads; unless a contract says otherwise, the newest alone.
    static var readVersions: ClosedRange<UInt16> { get }
    /// The version that this body is written as: the oldest that can say it, so that the release before reads it too.
    var writtenVersion: UInt16 { get }

    init(from reader: inout WireReader) throws(ContractError)
    func write(to writer: inout WireWriter)
}

/// Why a body could not be read.
public enum ContractError: Error, Sendable, Hashable, CustomStringConvertible {
    case notAContract
    case unknownVersion(UInt16)
    /// The body ends early, goes on too long, or holds a value that its field does not allow.
    case malformed(field: String)

    public var description: String {
        switch self {
        case .notAContract: "the body is not of the contract that this queue carries"
        case .unknownVersion(let version): "the body has version \(version), which this build does not know"
        case .malformed(let field): "the body is malformed at \(field)"
        }
    }
}

extension Contract {
    public static var readVersions: ClosedRange<UInt16> { version...version }
    public var writtenVersion: UInt16 { Self.version }

    /// The whole body, header included.
    public var encoded: [UInt8] {
        var writer = WireWriter()
        writer.writeHeader(of: Self.self, version: writtenVersion)
        write(to: &writer)
        return writer.bytes
    }

    /// Reads a whole body.
    public init(decoding body: [UInt8]) throws(ContractError) {
        guard body.count >= 4, body[0] == UInt8(ascii: "L"), body[1] == UInt8(ascii: Self.letter) else {
            throw .notAContract
        }
        var reader = WireReader(body, from: 2)
        let version = try reader.uint16("version")
        guard Self.readVersions.contains(version) else { throw .unknownVersion(version) }
        try self.init(from: &reader)
        guard reader.isAtEnd else { throw .malformed(field: "end") }
    }
}

extension WireWriter {
    mutating func writeHeader<Body: Contract>(of contract: Body.Type, version: UInt16) {
        write(UInt8(ascii: "L"))
        write(UInt8(ascii: contract.letter))
        write(version)
    }
}
