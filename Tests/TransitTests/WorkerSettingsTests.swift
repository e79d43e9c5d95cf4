import ServiceRuntime
import Testing
import Transit

@Suite struct WorkerSettingsTests {
    private func faults(_ environment: [String: String], files: [String: String] = [:]) -> [String: String] {
        struct Missing: Error {}
        var reader = SettingsReader(environment: environment) { path in
            guard let text = files[path] else { throw Missing() }
            return text
        }
        _ = Worker.Settings(&reader)
        return Dictionary(reader.faults.map { ($0.name, $0.message) }) { "\($0); \($1)" }
    }

    private let sound = [
        "LOODS_DATABASE_URL": "postgres://loods@db/loods", "LOODS_AMQP_URL": "amqps://loods:secret@mq/",
    ]

    @Test func soundSettingsHaveNoFault() {
        #expect(faults(sound) == [:])
        let withAuthorities = sound.merging(["LOODS_AMQP_CA_FILE": "ca.pem"]) { $1 }
        #expect(faults(withAuthorities, files: ["ca.pem": "-----BEGIN CERTIFICATE-----\n"]) == [:])
    }

    @Test func everyFaultIsReportedAtOnceAndNamesItsSetting() {
        let found = faults([
            "LOODS_DATABASE_URL": "postgres://loods@db/loods?no_such_keyword=1",
            "LOODS_AMQP_URL": "amqp://loods:secret@mq:port/", "LOODS_AMQP_CA_FILE": "none.pem",
            "LOODS_CLOCK": "sundial",
        ])
        #expect(
            found.keys.sorted() == ["LOODS_AMQP_CA_FILE", "LOODS_AMQP_URL", "LOODS_CLOCK", "LOODS_DATABASE_URL"])
        #expect(!found.values.contains { $0.contains("secret") })
        #expect(found["LOODS_AMQP_CA_FILE"] == "\"none.pem\" is not a readable PEM file with certificates")
    }

    @Test func aBrokerMayHaveSeveralNodesAndAskForOurCertificate() {
        var environment = sound
        environment["LOODS_AMQP_URL"] = "amqps://loods:secret@mq1,mq2:5673,mq3/"
        environment["LOODS_AMQP_CERT_FILE"] = "own.pem"
        let pem = "-----BEGIN CERTIFICATE-----\n"
        #expect(faults(environment, files: ["own.pem": pem])["LOODS_AMQP_KEY_FILE"]?.hasPrefix("missing") == true)
        environment["LOODS_AMQP_KEY_FILE"] = "own.key"
        #expect(faults(environment, files: ["own.pem": pem, "own.key": "-----BEGIN PRIVATE KEY-----\n"]) == [:])
    }

    @Test func whatIsMissingHasOneFault() {
        let found = faults([:])
        #expect(found.keys.sorted() == ["LOODS_AMQP_URL", "LOODS_DATABASE_URL"])
        #expect(found.values.allSatisfy { $0.hasPrefix("missing") && !$0.contains(";  ") })
    }

    @Test func aFileWithoutCertificatesIsAFault() {
        let found = faults(sound.merging(["LOODS_AMQP_CA_FILE": "notes"]) { $1 }, files: ["notes": "buy milk"])
        #expect(found.keys.sorted() == ["LOODS_AMQP_CA_FILE"])
    }
}
