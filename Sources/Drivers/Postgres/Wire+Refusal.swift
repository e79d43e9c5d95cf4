internal import CLibPQ

extension Wire {
    /// Why no connection came about: a sentence of ours, as libpq's name the user, the database and addresses.
    func refusal(at stage: ConnStatusType) -> PostgresError {
        let words = libraryWords()
        let sqlState = words.flatMap(Self.sqlState(in:))
        let takesNoWrites = words?.contains("session is read-only") ?? false
        let sentence =
            takesNoWrites ? "the server takes no writes: it is a standby, or recovering" : Self.sentence(at: stage)
        var error = PostgresError(.connection, sqlState.map(Self.sentence(for:)) ?? sentence)
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

    private static func sentence(at stage: ConnStatusType) -> String {
        switch stage {
        case CONNECTION_NEEDED, CONNECTION_STARTED: "the server cannot be reached"
        case CONNECTION_SSL_STARTUP: "the server and we do not agree on TLS"
        default: "the server ended the connection while it was opened, or is not what target_session_attrs asks for"
        }
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
