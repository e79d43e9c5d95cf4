internal import CLibPQ

extension Wire {
    /// Runs a statement by the extended protocol: prepared once, bound and answered in binary.
    func run(_ query: Query) throws(PostgresError) -> ResultMemory {
        guard query.binds.oids.count <= 65_535 else {
            throw PostgresError(.usage, "a statement binds at most 65,535 values; bind arrays")
        }
        try admitStatement()
        let key = StatementCache.Key(sql: query.sql, oids: query.binds.oids)
        do throws(PostgresError) {
            return try execute(prepared(key), query.binds)
        } catch {
            guard error.isStaleStatement else { throw error }
            // Where one does not fit, a change to the schema has probably met others too.
            statements.removeAll()
            hasStaleStatements = true
            guard transaction == PQTRANS_IDLE else { throw error }
            try dropStatements()
            return try execute(prepared(key), query.binds)
        }
    }

    /// Forgets all prepared statements, here and on the server; outside of a transaction.
    func dropStatements() throws(PostgresError) {
        statements.removeAll()
        _ = try run("deallocate all")
        hasStaleStatements = false
    }

    private func prepared(_ key: StatementCache.Key) throws(PostgresError) -> String {
        if let name = statements.name(of: key) { return name }
        let name = statements.freshName()
        do throws(PostgresError) {
            _ = try exchange { PQsendPrepare(handle, name, key.sql, Int32(key.oids.count), key.oids) }
        } catch {
            // Preparing changes nothing, whether or not it was answered.
            var error = error
            error.isUnknownOutcome = false
            throw error
        }
        if let evicted = statements.insert(name, for: key) { _ = try run("deallocate \(evicted)") }
        return name
    }

    private func execute(_ name: String, _ binds: Query.Binds) throws(PostgresError) -> ResultMemory {
        let count = binds.lengths.count
        if scratchFormats.count < count {
            scratchFormats = Array(repeating: 1, count: max(count, 16))
        }
        return try exchange {
            binds.bytes.withUnsafeBufferPointer { bytes in
                fillPointers(bytes, binds.lengths)
                return PQsendQueryPrepared(
                    handle, name, Int32(count), scratchPointers, binds.lengths, scratchFormats, 1)
            }
        }
    }

    private func fillPointers(_ bytes: UnsafeBufferPointer<UInt8>, _ lengths: [Int32]) {
        scratchPointers.removeAll(keepingCapacity: true)
        // libpq takes a missing pointer for a null, so an empty value needs one too.
        let raw = UnsafeRawPointer(bytes.baseAddress) ?? UnsafeRawPointer(handle)
        var offset = 0
        for length in lengths {
            if length < 0 {
                scratchPointers.append(nil)
            } else {
                scratchPointers.append((raw + offset).assumingMemoryBound(to: CChar.self))
                offset += Int(length)
            }
        }
    }
}
