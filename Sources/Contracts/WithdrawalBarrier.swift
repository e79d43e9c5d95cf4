public import Model

/// Asks, from within the queue `withdrawals`, that its passing be noted: what was published before it comes before it.
public struct WithdrawalBarrier: Contract {
    public static let letter: Unicode.Scalar = "B"
    public static let version: UInt16 = 1

    /// Under which its passing is noted.
    public var id: UniqueID

    public init(id: UniqueID) { self.id = id }

    public init(from reader: inout WireReader) throws(ContractError) {
        id = try reader.uniqueID("id")
    }

    public func write(to writer: inout WireWriter) { writer.write(id) }
}
