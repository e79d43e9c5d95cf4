/// A type of the server, by its object ids.
public struct PostgresType: Sendable, Hashable {
    /// `pg_type.oid`.
    public var oid: UInt32
    /// `pg_type.typarray`, the type of an array of these; 0 where there is none.
    public var arrayOID: UInt32

    /// Names a type, one of the server's own or of an extension.
    public init(oid: UInt32, arrayOID: UInt32) {
        self.oid = oid
        self.arrayOID = arrayOID
    }

    /// The type of an array of these.
    ///
    /// An array of arrays has no type of its own in PostgreSQL and is not supported.
    public var array: PostgresType {
        precondition(arrayOID != 0, "only one-dimensional arrays are supported")
        return PostgresType(oid: arrayOID, arrayOID: 0)
    }

    // From pg_type.dat of the server's sources; these ids never change.
    public static let bool = PostgresType(oid: 16, arrayOID: 1000)
    public static let bytea = PostgresType(oid: 17, arrayOID: 1001)
    public static let name = PostgresType(oid: 19, arrayOID: 1003)
    public static let int8 = PostgresType(oid: 20, arrayOID: 1016)
    public static let int2 = PostgresType(oid: 21, arrayOID: 1005)
    public static let int4 = PostgresType(oid: 23, arrayOID: 1007)
    public static let text = PostgresType(oid: 25, arrayOID: 1009)
    public static let json = PostgresType(oid: 114, arrayOID: 199)
    public static let float4 = PostgresType(oid: 700, arrayOID: 1021)
    public static let float8 = PostgresType(oid: 701, arrayOID: 1022)
    public static let bpchar = PostgresType(oid: 1042, arrayOID: 1014)
    public static let varchar = PostgresType(oid: 1043, arrayOID: 1015)
    public static let date = PostgresType(oid: 1082, arrayOID: 1182)
    public static let timestamptz = PostgresType(oid: 1184, arrayOID: 1185)
    public static let uuid = PostgresType(oid: 2950, arrayOID: 2951)
    public static let jsonb = PostgresType(oid: 3802, arrayOID: 3807)
}
