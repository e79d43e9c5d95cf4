public import Model

/// How far mailers have claimed: the body of the queue `marks`.
///
/// Published before anything of those claims is handed over, so that a store that was restored to an earlier time can be
/// told from one that has lost nothing.
public struct ClaimMark: Contract {
    public static let letter: Unicode.Scalar = "K"
    public static let version: UInt16 = 1

    /// The store's mark.
    public var number: Int64
    /// Domain time of the claims.
    public var at: Timestamp

    public init(number: Int64, at: Timestamp) {
        self.number = number
        self.at = at
    }

    public init(from reader: inout WireReader) throws(ContractError) {
        number = try reader.int64("number")
        at = try reader.timestamp("at")
    }

    public func write(to writer: inout WireWriter) {
        writer.write(number)
        writer.write(at)
    }
}
