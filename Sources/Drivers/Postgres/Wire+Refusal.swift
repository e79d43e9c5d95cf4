internal import CLibPQ

extension Wire {
    /// Why no connection came about: a sentence of ours, as libpq's name the user, the database and addresses.
    func refusal(at stage: ConnStatusType) -> PostgresError {
        let words = libraryWords()
        let sqlState = words.flatMap(Self.sqlState(in:))
        var error = PostgresError(
            .connection, sqlState.map(Self.sentence(for:)) ?? Self.sentence(at: stage, words ?? ""))
        error.refusal = sqlState
        error.detail = words
        error.server = server
        error.isConnectionLost = true
        return error
    }

    private static func sentence(for sqlState: String) -> String {
        switch sqlState {
        case _ where sqlState.hasPrefix("28"): "the server refuses the user or the password"
        case "3D000": "the server has no such database"
        case "53300": "the server has no connection left"
        case "57P03": "the server is starting up, shutting down or recovering"
        default: "the server refuses the connection"
        }
    }

    private static func sentence(at stage: ConnStatusType, _ words: String) -> String {
        if words.contains("session is read-only") {
            return "the server takes no writes: it is a standby, or recovering"
        }
        if let fault = tlsFault(in: words) { return fault }
        return switch stage {
        case CONNECTION_NEEDED, CONNECTION_STARTED: "the server cannot be reached"
        // Else it went away just then.
        case CONNECTION_SSL_STARTUP where words.contains("SSL"): "the server and we do not agree on TLS"
        default: "the server ended the connection while it was opened, or is not what target_session_attrs asks for"
        }
    }

    /// What is wrong with certificates. libpq has no codes for it, and its words name hosts and files; they are English, as
    /// nothing here calls setlocale(3).
    private static func tlsFault(in words: String) -> String? {
        let faults = [
            ("certificate verify failed", "the server's certificate is not trusted: another authority's, or expired"),
            ("does not match host name", "the server's certificate is another host's"),
            ("root certificate file", "the file of certificate authorities cannot be read (sslrootcert)"),
            ("certificate file", "our own certificate cannot be read (sslcert)"),
            ("private key file", "our own certificate's key cannot be used (sslkey)"),
        ]
        if let fault = faults.first(where: { words.contains($0.0) }) { return fault.1 }
        let isAlert = words.contains("SSL error: ") && words.contains(" alert ")
        return isAlert ? "the server does not take our certificate, or that we have none" : nil
    }

    /// Finds `53300` in `… failed: FATAL:  53300: sorry, too many clients already`, in any language.
    static func sqlState(in words: String) -> String? {
        let bytes = Array(words.utf8)
        let colon = UInt8(ascii: ":")
        let space = UInt8(ascii: " ")
        for start in bytes.indices.dropLast(9) where bytes[start] == colon {
            let state = bytes[(start + 3)..<(start + 8)]
            guard bytes[start + 1] == space, bytes[start + 2] == space, bytes[start + 8] == colon,
                state.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) })
            else { continue }
            return String(decoding: state, as: UTF8.self)
        }
        return nil
    }
}
