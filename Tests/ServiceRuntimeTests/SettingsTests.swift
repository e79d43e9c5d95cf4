import Foundation
import Testing

@testable import ServiceRuntime

private func reader(_ environment: [String: String], files: [String: String] = [:]) -> SettingsReader {
    struct Missing: Error {}
    return SettingsReader(environment: environment) { path in
        guard let text = files[path] else { throw Missing() }
        return text
    }
}

@Suite struct SettingsTests {
    @Test func allFaultsAreReportedAtOnce() {
        var reader = reader(["LOODS_PREFETCH": "many"])
        _ = reader.url("LOODS_DATABASE_URL", schemes: ["postgres"], example: "postgres://loods@db/loods", meaning: "")
        let prefetch = reader.int("LOODS_PREFETCH", in: 1...4000, default: 64, meaning: "")
        #expect(prefetch == 64)
        #expect(
            reader.faults.report == """
                settings: 2 faults
                  LOODS_DATABASE_URL   missing; for example postgres://loods@db/loods
                  LOODS_PREFETCH       "many" is not a number between 1 and 4,000 (default 64)

                """)
    }

    @Test func valuesAreRead() {
        var reader = reader([
            "A": "text", "B": "17", "C": "250ms", "D": "off", "E": "[::1]:9000", "F": "amqps://u:p@h/", "G": "stepped",
        ])
        #expect(reader.string("A", default: "x", meaning: "") == "text")
        #expect(reader.int("B", in: 0...20, default: 3, meaning: "") == 17)
        #expect(
            reader.duration("C", in: .zero ... .seconds(1), default: .seconds(1), meaning: "") == .milliseconds(250))
        #expect(reader.bool("D", default: true, meaning: "") == false)
        #expect(reader.listen("E", default: ":1", meaning: "") == ListenAddress(host: "::1", port: 9000))
        #expect(reader.url("F", schemes: ["amqp", "amqps"], example: "", meaning: "") == "amqps://u:p@h/")
        #expect(reader.choice("G", of: ["real", "stepped"], default: "real", meaning: "") == "stepped")
        #expect(reader.faults.isEmpty)
    }

    @Test func defaultsHoldWhereNothingOrAnEmptyTextIsGiven() {
        var reader = reader(["B": ""])
        #expect(reader.string("A", meaning: "") == nil)
        #expect(reader.int("B", in: 0...20, default: 3, meaning: "") == 3)
        #expect(reader.duration("C", in: .zero ... .seconds(9), default: .seconds(5), meaning: "") == .seconds(5))
        #expect(reader.bool("D", default: true, meaning: "") == true)
        #expect(reader.listen("E", default: "127.0.0.1:80", meaning: "").description == "127.0.0.1:80")
        #expect(reader.faults.isEmpty)
    }

    @Test(arguments: ["x", "21", "-1", "1.5", " 1", "99999999999999999999"])
    func numbersOutOfRangeAreFaults(text: String) {
        var reader = reader(["B": text])
        _ = reader.int("B", in: 0...20, default: 3, meaning: "")
        #expect(reader.faults.map(\.name) == ["B"])
    }

    @Test(arguments: ["5", "s", "5 s", "-5s", "5d", "99999999999s", "2s"])
    func durationsOutOfRangeAreFaults(text: String) {
        var reader = reader(["C": text])
        _ = reader.duration("C", in: .milliseconds(1) ... .milliseconds(1999), default: .seconds(1), meaning: "")
        #expect(reader.faults.map(\.name) == ["C"])
    }

    @Test(arguments: ["localhost", ":", "h:70000", "::1:80", "h:-1"])
    func addressesWithoutAPortAreFaults(text: String) {
        var reader = reader(["E": text])
        _ = reader.listen("E", default: "127.0.0.1:80", meaning: "")
        #expect(reader.faults.map(\.name) == ["E"])
    }

    @Test func aFileMayHoldTheValue() {
        var reader = reader(
            ["S_FILE": "/run/s", "T_FILE": "/run/none", "U": "1", "U_FILE": "/run/s", "V_FILE": "/run/empty"],
            files: ["/run/s": "hunter2\n", "/run/empty": "\n"])
        #expect(reader.secret("S", example: "x", meaning: "") == "hunter2")
        for name in ["T", "U", "V"] { _ = reader.secret(name, example: "x", meaning: "") }
        #expect(
            reader.faults == [
                SettingFault(name: "T", message: "the file /run/none that T_FILE names cannot be read"),
                SettingFault(name: "U", message: "given twice: here and as U_FILE"),
                SettingFault(name: "V", message: "the file /run/empty that V_FILE names is empty"),
            ])
    }

    @Test func secretsAreNotRepeated() {
        var reader = reader(["S": "hunter2", "U": "http://user:hunter2@host"])
        _ = reader.optional("S", type: "secret", expectation: "a key", meaning: "", isSecret: true) { _ in Int?.none }
        _ = reader.url("U", schemes: ["amqp"], example: "amqp://mq", meaning: "")
        #expect(reader.faults.count == 2)
        #expect(!reader.faults.report.contains("hunter2"))
    }

    @Test func unknownNamesAreNoticed() {
        var reader = reader([
            "LOODS_A": "1", "LOODS_B_FILE": "/b", "LOODS_PREFECH": "1", "LOODS_TEST_X": "1", "PATH": "/",
        ])
        _ = reader.string("LOODS_A", meaning: "")
        _ = reader.string("LOODS_B", meaning: "")
        #expect(reader.unknownNames == ["LOODS_PREFECH"])
    }

    @Test func settingsDocumentThemselves() {
        var reader = reader([:])
        _ = reader.int("LOODS_N", in: 1...4000, default: 64, unit: "events", meaning: "How many.")
        _ = reader.secret("LOODS_S", example: "x", meaning: "Signs.")
        #expect(
            reader.settings.page == """
                  LOODS_N   number, 1 to 4,000 events, default 64
                      How many.
                  LOODS_S   secret, required
                      Signs.

                """)
    }
}

@Suite struct SecretSettingsTests {
    private func read(
        _ environment: [String: String], files: [String: String] = [:], loose: Set<String> = []
    ) -> (url: String, reader: SettingsReader) {
        struct Missing: Error {}
        var reader = SettingsReader(
            environment: environment,
            contents: { path in
                guard let text = files[path] else { throw Missing() }
                return text
            }, looseness: { loose.contains($0) ? "\($0) lies open" : nil })
        let url = reader.url(
            "DB", password: "DB_PASSWORD", schemes: ["postgres"], example: "postgres://a@b", meaning: "")
        return (url, reader)
    }

    @Test func aPasswordOfItsOwnGoesIntoTheURL() {
        let found = read(
            ["DB": "postgres://anne@host:1/x?y=a@b", "DB_PASSWORD_FILE": "pw"], files: ["pw": "a/b@c:é%\n"])
        #expect(found.url == "postgres://anne:a%2Fb%40c%3A%C3%A9%25@host:1/x?y=a@b")
        #expect(found.reader.faults.isEmpty)
        #expect(read(["DB": "postgres://anne:p@host"]).url == "postgres://anne:p@host")
    }

    @Test func aPasswordGivenTwiceOrForNobodyIsAFault() {
        for url in ["postgres://anne:p@host/", "postgres://host/", "postgres://host/a@b", "postgres://@host/"] {
            let faults = read(["DB": url, "DB_PASSWORD": "q"]).reader.faults
            #expect(faults.map(\.name) == ["DB_PASSWORD"], "\(url)")
        }
    }

    @Test func aSecretThatLiesOpenIsACaution() {
        let files = ["url": "postgres://anne@host", "pw": "p"]
        let found = read(["DB_FILE": "url", "DB_PASSWORD_FILE": "pw"], files: files, loose: ["pw"])
        #expect(found.reader.faults.isEmpty)
        #expect(found.reader.cautions == [SettingFault(name: "DB_PASSWORD", message: "pw lies open")])
    }

    @Test(arguments: [(0o600, false), (0o400, false), (0o440, false), (0o640, false), (0o644, true), (0o660, true)])
    func aFileThatOthersMayReadIsLoose(_ mode: Int, _ isLoose: Bool) throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("loods-mode-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try "secret\n".write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        #expect((SecretFile(path).looseness != nil) == isLoose)
        #expect(try SecretFile(path).text() == "secret")
    }
}
