public import Postgres
import Schema

/// As whom a transaction of the command line or the console acts, and so which rows it sees, whatever its statements
/// forget to say.
public enum Standing: Sendable, Hashable {
    /// All of the cell.
    case cell
    /// The workspace of this name alone; where there is none, nothing.
    case workspace(String)

    /// Holds until the end of the transaction, or until another is taken.
    ///
    /// - Throws: `StoreError.rolesMissing` before the first migration; `StoreError.mayNotActAs` where the login is no member
    ///   of the role.
    public func take(in session: PostgresSession) throws {
        let (role, workspace) =
            switch self {
            case .cell: (Role.operator, "")
            case .workspace(let name): (Role.tool, name)
            }
        do throws(PostgresError) {
            try session.execute(
                """
                select set_config('role', \(role.rawValue), true), set_config('loods.workspace', \(workspace), true)
                """)
        } catch {
            switch error.sqlState {
            case "42501": throw StoreError.mayNotActAs(role.rawValue)
            case "22023": throw StoreError.rolesMissing
            default: throw error
            }
        }
    }
}
