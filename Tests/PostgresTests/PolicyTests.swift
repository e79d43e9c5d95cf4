import Testing

@testable import Postgres

/// What callers may do about each kind of error.
@Suite struct PolicyTests {
    private func server(_ sqlState: String) -> PostgresError {
        PostgresError(.server(sqlState: sqlState), "words")
    }

    @Test(arguments: [
        "08006", "25006", "25P03", "25P04", "40001", "40P01", "53300", "55P03", "57014", "57P01", "57P02", "57P03",
        "57P04", "57P05", "58030",
    ])
    func itWorksLater(sqlState: String) {
        #expect(server(sqlState).isTransient && !server(sqlState).concernsInstallation)
    }

    @Test(arguments: ["28000", "28P01", "3D000", "3F000", "42501", "42601", "42703", "42804", "42883", "42P01"])
    func theInstallationIsAtFault(sqlState: String) {
        #expect(server(sqlState).concernsInstallation && !server(sqlState).isTransient)
    }

    @Test(arguments: ["0A000", "21000", "22001", "22P02", "22021", "23505", "23514", "25001", "54000", "XX000"])
    func neither(sqlState: String) {
        #expect(!server(sqlState).concernsInstallation && !server(sqlState).isTransient)
    }

    @Test func whatIsLostWithTheConnectionWorksLater() {
        var error = server("22012")
        error.isConnectionLost = true
        #expect(error.isTransient)
    }

    @Test func whatIsWorthRepeatingAtOnce() {
        #expect(server("40001").isWorthRepeating && server("40P01").isWorthRepeating)
        #expect(!server("55P03").isWorthRepeating && !server("0A000").isWorthRepeating)
        var stale = server("0A000")
        stale.isStaleStatement = true
        #expect(stale.isWorthRepeating && stale.isTransient && !stale.isSerializationConflict)
    }

    @Test func aRefusedConnectionIsTransientAndMayConcernTheInstallation() {
        var error = PostgresError(.connection, "the server refuses the user or the password")
        #expect(error.isTransient && !error.concernsInstallation && error.sqlState == nil)
        error.refusal = "28P01"
        #expect(error.isTransient && error.concernsInstallation && error.sqlState == "28P01")
        error.refusal = "53300"
        #expect(error.isTransient && !error.concernsInstallation)
    }

    @Test func whatServersSayOfUsersIsNotLogged() {
        for sqlState in ["28000", "3D000", "22P02"] {
            let error = PostgresError(.server(sqlState: sqlState), "anne")
            #expect(!error.description.contains("anne") && error.debugDescription.contains("anne"))
        }
    }

    @Test(arguments: [
        (
            "connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  53300: sorry, too many clients already",
            "53300"
        ),
        ("verbinding mislukt: FATAAL:  28P01: wachtwoord", "28P01"),
        ("connection to server at \"db\", port 5432 failed: Connection refused", nil), ("", nil), (":  1234: a", nil),
        (":  5330", nil), ("FATAL:  53300", nil),
    ])
    func theStateInLibpqsWords(words: String, sqlState: String?) {
        #expect(Wire.sqlState(in: words) == sqlState)
    }
}
