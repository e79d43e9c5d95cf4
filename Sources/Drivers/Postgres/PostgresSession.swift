internal import CLibPQ

/// A connection lent to one closure, on the connection's own thread. Valid only inside that closure.
public final class PostgresSession {
    let wire: Wire
    private var savepointDepth = 0
    private var isLent = true

    init(_ wire: Wire) {
        self.wire = wire
    }

    func end() {
        isLent = false
    }

    /// Runs a statement and returns its rows. It is prepared once per connection, by its text.
    ///
    /// - Throws: ``PostgresError``; an error of the server ends the transaction unless a ``savepoint(_:)`` is open.
    public func query(
        _ query: Query, file: StaticString = #fileID, line: UInt = #line
    ) throws(PostgresError) -> PostgresRows {
        PostgresRows(try run(query, file, line))
    }

    /// Runs a statement and returns how many rows it inserted, changed, deleted or selected.
    @discardableResult
    public func execute(
        _ query: Query, file: StaticString = #fileID, line: UInt = #line
    ) throws(PostgresError) -> Int {
        try run(query, file, line).affectedRows
    }

    /// Runs any number of statements by the simple protocol; outside a transaction they are one transaction together.
    public func runScript(
        _ sql: TrustedSQL, file: StaticString = #fileID, line: UInt = #line
    ) throws(PostgresError) {
        checkLent()
        do throws(PostgresError) { try wire.runScript(sql.text) } catch {
            throw error.located(file, line)
        }
    }

    /// Copies rows into a table in the binary format: the fastest way in, without `on conflict`.
    ///
    /// - Parameters:
    ///   - columns: their names, with commas between.
    ///   - encode: appends one value per column, of exactly the column's type.
    /// - Returns: how many rows were copied.
    public func copy<Rows: Sequence>(
        into table: StaticString, columns: StaticString, rows: Rows, file: StaticString = #fileID,
        line: UInt = #line, _ encode: (inout CopyRow, Rows.Element) -> Void
    ) throws(PostgresError) -> Int {
        checkLent()
        do throws(PostgresError) {
            return try wire.copy(
                "copy \(table) (\(columns)) from stdin (format binary)", rows: rows, encode)
        } catch {
            throw error.located(file, line)
        }
    }

    /// Runs `body` so that, if it throws, only what it did is undone and the transaction goes on. May be nested.
    public func savepoint<R>(_ body: () throws -> R) throws -> R {
        checkLent()
        savepointDepth += 1
        defer { savepointDepth -= 1 }
        let name = "savepoint_\(savepointDepth)"
        _ = try wire.run("savepoint \(name)")
        do {
            let value = try body()
            _ = try wire.run("release savepoint \(name)")
            return value
        } catch {
            // If this fails too the connection is gone, and the first error says so.
            _ = try? wire.run("rollback to savepoint \(name); release savepoint \(name)")
            // That has undone what the server was told since.
            wire.serverTimeout = nil
            throw error
        }
    }

    /// Whether a ``savepoint(_:)`` is open.
    public var isInSavepoint: Bool { savepointDepth > 0 }

    /// How many statements the connection keeps prepared.
    var preparedStatementCount: Int { wire.statements.count }

    private func run(_ query: Query, _ file: StaticString, _ line: UInt) throws(PostgresError)
        -> ResultMemory
    {
        checkLent()
        do throws(PostgresError) { return try wire.run(query) } catch {
            throw error.located(file, line)
        }
    }

    private func checkLent() {
        precondition(isLent, "a session was used after its closure had returned")
    }
}
