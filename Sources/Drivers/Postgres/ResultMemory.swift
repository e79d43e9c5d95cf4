internal import CLibPQ
import Glibc

/// A result as libpq holds it; values are read in place.
@usableFromInline
final class ResultMemory {
    let pointer: OpaquePointer
    @usableFromInline let rowCount: Int
    @usableFromInline let columnOIDs: [UInt32]

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
        rowCount = Int(PQntuples(pointer))
        columnOIDs = (0..<PQnfields(pointer)).map { PQftype(pointer, $0) }
    }

    deinit {
        PQclear(pointer)
    }

    /// The value's bytes, valid as long as this object; nil for a null. Row and column must exist.
    @usableFromInline func bytes(row: Int32, column: Int32) -> UnsafeRawBufferPointer? {
        if PQgetisnull(pointer, row, column) != 0 { return nil }
        return UnsafeRawBufferPointer(
            start: PQgetvalue(pointer, row, column), count: Int(PQgetlength(pointer, row, column)))
    }

    func name(ofColumn column: Int) -> String {
        PQfname(pointer, Int32(column)).map { String(cString: $0) } ?? ""
    }

    /// The number in a command tag such as `UPDATE 3`; 0 for commands without one.
    var affectedRows: Int { Int(atoll(PQcmdTuples(pointer))) }

    var commandTag: String { String(cString: PQcmdStatus(pointer)) }

    /// A field of an error or notice; `code` is one of libpq's PG_DIAG constants.
    func diagnostic(_ code: Character) -> String? {
        PQresultErrorField(pointer, Int32(code.asciiValue ?? 0)).map { String(cString: $0) }
    }
}
