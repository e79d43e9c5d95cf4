internal import CLibPQ

extension PostgresSession {
    /// What the server keeps of a password: a SCRAM-SHA-256 verifier (RFC 5803), made here, so that the password itself is in
    /// no statement and no log of the server.
    ///
    /// - Parameter role: the login that it is for.
    public func passwordVerifier(
        _ password: String, for role: String, file: StaticString = #fileID, line: UInt = #line
    ) throws(PostgresError) -> String {
        guard let text = PQencryptPasswordConn(wire.handle, password, role, "scram-sha-256") else {
            throw PostgresError(.usage, "a password cannot be used for a login", file: file, line: line)
        }
        defer { PQfreemem(text) }
        return String(cString: text)
    }
}
