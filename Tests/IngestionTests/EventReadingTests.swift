import Contracts
import Model
import Testing

@testable import Ingestion

@Suite struct EventReadingTests {
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private func fault(_ json: String, key: Bool = true, call: AcceptedEvent.Call = .track) -> String? {
        do {
            _ = try event(json, key: key ? serverKey : publicKey, call: call)
            return nil
        } catch let error as EdgeError {
            return error.field
        } catch {
            return "\(error)"
        }
    }

    @Test func aTrackCallBecomesAnEvent() throws {
        let draft = try event(
            """
            {"userId":"u\\u00e9","anonymousId":"a","messageId":"m1","event":"Order Completed","type":"page",
            "timestamp":"2026-03-01T00:00:00.5Z","properties":{"revenue": 3.5},"context":{"ip":"1.2.3.4"},"integrations":{}}
            """)
        #expect(draft.event.subject == .identity(Identity(.user, "ué")))
        #expect(draft.event.aliases == [Identity(.anonymous, "a")])
        #expect(draft.event.eventID == "m1")
        #expect(draft.event.call == .track)
        #expect(draft.event.name == "Order Completed")
        #expect(text(draft.event.properties) == "{\"revenue\": 3.5}")
        #expect(text(draft.event.context) == "{\"ip\":\"1.2.3.4\"}")
        #expect(draft.event.trust == .server)
        #expect(draft.event.sentTime == Timestamp(iso8601: "2026-03-01T00:00:00.5Z"))
    }

    @Test func nullsCountAsMissing() throws {
        let draft = try event(
            "{\"userId\":null,\"anonymousId\":\"a\",\"event\":\"E\",\"properties\":null,\"context\":null,\"timestamp\":null,\"messageId\":null}"
        )
        #expect(draft.event.subject == .identity(Identity(.anonymous, "a")))
        #expect(draft.event.aliases.isEmpty)
        #expect(text(draft.event.properties) == "{}")
        #expect(text(draft.event.context) == "{}")
        #expect(draft.event.sentTime == nil)
        #expect(UniqueID(draft.event.eventID) != nil)
    }

    @Test(
        arguments: [
            ("12", "12"), ("25.0", "25"), ("1e+16", "10000000000000000"), ("1.5e3", "1500"), ("0", "0"), ("0.0", "0"),
            ("120e-1", "12"), ("1.5", nil), ("-3", nil), ("12e-1", nil), ("1e300", nil),
        ] as [(String, String?)]) func wholeNumbersCountAsTheirDigits(number: String, id: String?)
    {
        let subject = try? event("{\"userId\":\(number),\"event\":\"E\"}").event.subject
        #expect(subject == id.map { .identity(Identity(.user, $0)) })
    }

    @Test func theStrongestNameIsTheSubject() throws {
        let properties = "\"event\":\"E\",\"properties\":{\"email\":\"Anne@Example.com\"}"
        #expect(try event("{\(properties)}").event.subject == .identity(Identity(.email, "anne@example.com")))
        #expect(
            try event("{\"anonymousId\":\"a\",\(properties)}").event.subject == .identity(Identity(.anonymous, "a")))
        #expect(try event("{\"userId\":12,\(properties)}").event.subject == .identity(Identity(.user, "12")))
        #expect(
            try event("{\"event\":\"E\",\"context\":{\"traits\":{\"email\":\"b@example.com\"}}}").event.subject
                == .identity(Identity(.email, "b@example.com")))
    }

    @Test func anAddressNamesNobodyWhereThePublicSaysSo() {
        #expect(fault("{\"event\":\"E\",\"properties\":{\"email\":\"a@example.com\"}}", key: false) == "userId")
        #expect(fault("{\"traits\":{\"email\":\"a@example.com\"}}", key: false, call: .identify) == "userId")
        #expect(fault("{\"event\":\"E\",\"properties\":{\"email\":\"not an address\"}}") == "userId")
    }

    @Test func identifyCarriesTheAddressAsAnAliasFromServersOnly() throws {
        let json = "{\"userId\":\"u\",\"anonymousId\":\"a\",\"traits\":{\"email\":\"A@example.com\",\"plan\":\"pro\"}}"
        let own = try event(json, call: .identify)
        #expect(own.event.name == "Identified")
        #expect(own.event.aliases == [Identity(.anonymous, "a"), Identity(.email, "a@example.com")])
        #expect(text(own.event.properties) == "{\"email\":\"A@example.com\",\"plan\":\"pro\"}")
        let strangers = try event(json, key: publicKey, call: .identify)
        #expect(strangers.event.aliases == [Identity(.anonymous, "a")])
        #expect(strangers.event.trust == .publicKey)
    }

    @Test func ofRepeatedMembersTheLastCounts() throws {
        let draft = try event(
            """
            {"userId":"x","userId":"y","event":"E","properties":{"email":"a@example.com"},"properties":{"n":1},
            "context":{"traits":{"email":"a@example.com"}},"context":{}}
            """)
        #expect(draft.event.subject == .identity(Identity(.user, "y")))
        #expect(text(draft.event.properties) == "{\"n\":1}")
        #expect(
            fault("{\"event\":\"E\",\"properties\":{\"email\":\"a@example.com\"},\"properties\":{}}") == "userId")
    }

    @Test func membersBesideThePropertiesGoIntoThem() throws {
        let page = try event(
            "{\"userId\":\"u\",\"name\":\"Pri\\u0063ing\",\"category\":\"Docs\",\"properties\":{\"url\":\"/\"}}",
            call: .page)
        #expect(page.event.name == "Page Viewed")
        #expect(
            try JSON(parsing: page.event.properties)
                == .object(["url": .string("/"), "name": .string("Pricing"), "category": .string("Docs")]))
        let screen = try event("{\"userId\":\"u\",\"name\":\"Home\",\"properties\":{ }}", call: .screen)
        #expect(screen.event.name == "Screen Viewed")
        #expect(try JSON(parsing: screen.event.properties) == .object(["name": .string("Home")]))
        let group = try event("{\"userId\":\"u\",\"groupId\":7,\"traits\":{\"n\":1}}", call: .group)
        #expect(group.event.name == "Grouped")
        #expect(try JSON(parsing: group.event.properties) == .object(["n": .int(1), "group_id": .int(7)]))
        let alias = try event("{\"userId\":\"u\",\"previousId\":\"a\"}", call: .alias)
        #expect(alias.event.name == "Aliased")
        #expect(alias.event.aliases == [Identity(.anonymous, "a")])
        #expect(try JSON(parsing: alias.event.properties) == .object(["previous_id": .string("a")]))
    }

    private static func consent(_ members: String) -> String {
        "{\"userId\":\"u\",\"event\":\"Consent Given\",\"properties\":{\"topic\":\"offers\",\(members)}}"
    }

    static let wrong: [(json: String, field: String)] = [
        ("{\"event\":\"E\"}", "userId"), ("{\"userId\":\"\",\"event\":\"E\"}", "userId"),
        ("{\"userId\":1.5,\"event\":\"E\"}", "userId"), ("{\"userId\":[],\"event\":\"E\"}", "userId"),
        ("{\"userId\":\"\(String(repeating: "x", count: 256))\",\"event\":\"E\"}", "userId"),
        ("{\"userId\":\"u\"}", "event"), ("{\"userId\":\"u\",\"event\":\"\"}", "event"),
        ("{\"userId\":\"u\",\"event\":true}", "event"),
        ("{\"userId\":\"u\",\"event\":\"E\",\"properties\":[]}", "properties"),
        ("{\"userId\":\"u\",\"event\":\"E\",\"context\":\"x\"}", "context"),
        ("{\"userId\":\"u\",\"event\":\"E\",\"timestamp\":\"yesterday\"}", "timestamp"),
        ("{\"userId\":\"u\",\"event\":\"E\",\"timestamp\":1767312000}", "timestamp"),
        ("{\"userId\":\"u\",\"event\":\"E\",\"timestamp\":\"2026-02-30T00:00:00Z\"}", "timestamp"),
        ("{\"userId\":\"u\",\"event\":\"E\",\"messageId\":{}}", "messageId"),
        ("{\"userId\":\"u\",\"event\":\"Consent Given\"}", "properties.topic"),
        ("{\"userId\":\"u\",\"event\":\"Consent Withdrawn\",\"properties\":{\"topic\":7}}", "properties.topic"),
        (consent("\"channel\":\"\(String(repeating: "x", count: 65))\""), "properties.channel"),
        (consent("\"address\":\"\(String(repeating: "x", count: 255))\""), "properties.address"),
        (consent("\"\\u0074opic\":\"\(String(repeating: "x", count: 256))\""), "properties.topic"),
    ]

    @Test(arguments: wrong)
    func faultsNameTheirField(json: String, field: String) { #expect(fault(json) == field) }

    @Test func groupAndAliasNeedTheirIds() {
        #expect(fault("{\"userId\":\"u\"}", call: .group) == "groupId")
        #expect(fault("{\"userId\":\"u\"}", call: .alias) == "previousId")
    }

    @Test func consentIsForServersToTell() throws {
        let json =
            "{\"userId\":\"u\",\"event\":\"Consent Given\",\"properties\":{\"topic\":\"offers\",\"wording\":\"Yes\"}}"
        #expect(try event(json).event.name == EventNames.consentGiven)
        #expect(fault(json, key: false) == "event")
        #expect(
            fault("{\"userId\":\"u\",\"event\":\"Consent Withdrawn\",\"properties\":{\"topic\":\"x\"}}", key: false)
                == "event")
        #expect(fault("{\"userId\":\"u\",\"event\":\"Email Opened\"}", key: false) == "event")
        #expect(fault("{\"userId\":\"u\",\"event\":\"\\u0045mail Opened\"}", key: false) == "event")
        #expect(fault("{\"userId\":\"u\",\"event\":\"Email Opened\"}") == nil)
    }

    @Test func aBatchSaysTheKindOfEachCall() throws {
        let request = try batch(
            """
            {"context":{"a":1},"batch":[{"type":"track","userId":"u","event":"E"},{"type":"page","userId":"u","context":{"b":2}},
            {"userId":"u","event":"E"},{"type":"delete","userId":"u"}]}
            """)
        #expect(request.drafts.map(\.event.call) == [.track, .page])
        #expect(request.drafts.map { text($0.event.context) } == ["{\"a\":1}", "{\"b\":2}"])
        #expect(request.rejected.map(\.fault.field) == ["type", "type"])
        #expect(request.rejected.map(\.fault.code) == [.missing, .invalid])
    }
}

@Suite struct BatchEnvelopeTests {
    private let plain = "{\"type\":\"track\",\"userId\":\"u\",\"event\":\"E\"}"
    private let own = "{\"type\":\"track\",\"userId\":\"u\",\"event\":\"E\",\"context\":{}}"

    @Test(arguments: ["{\"a\":\"\\u0000\"}", "{\"a\":{\"b\":\"\\ud800\"}}", "{\"a\":1e999}", "7"])
    func aContextThatCannotBeKeptConcernsWhoeverTakesIt(context: String) throws {
        let request = try batch("{\"context\":\(context),\"batch\":[\(plain),\(own)]}")
        #expect(request.rejected.map(\.index) == [0])
        #expect(request.rejected.first?.fault.field.hasPrefix("context") == true)
        #expect(request.drafts.count == 1)
    }

    @Test func whatElseStandsThereIsNotLookedAt() throws {
        let text =
            "{\"x\":\"\\u0000\",\"\\ud800\":1e999,\"integrations\":[\"\\udc00\"],\"batch\":[\(plain)],\"y\":1e999}"
        let request = try batch(text)
        #expect(request.rejected.isEmpty && request.drafts.count == 1)
    }

    @Test func theSharedContextCountsTowardsTheSizeOfEveryEvent() throws {
        let context = "{\"a\":\"\(String(repeating: "x", count: 32_760))\"}"
        let request = try batch("{\"batch\":[\(plain),\(own)],\"context\":\(context)}")
        #expect(request.rejected.map(\.fault.code) == [.tooLarge])
        #expect(request.rejected.map(\.fault.field) == ["context"])
        #expect(request.drafts.count == 1)
    }
}

@Suite struct OccurrenceTests {
    private func at(_ members: String) throws -> String {
        try event("{\"userId\":\"u\",\"event\":\"E\"\(members)}").received(at: receipt).at.description
    }

    @Test func theSendersClockIsCorrected() throws {
        // An hour slow, sent ten minutes after it happened.
        let members = ",\"timestamp\":\"2026-03-02T08:50:00Z\",\"sentAt\":\"2026-03-02T09:00:00Z\""
        #expect(try at(members) == "2026-03-02T09:50:00Z")
        let draft = try event("{\"userId\":\"u\",\"event\":\"E\"\(members)}")
        #expect(draft.event.sentTime?.description == "2026-03-02T08:50:00Z")
        #expect(draft.received(at: receipt).receivedAt == receipt)
    }

    @Test func aTimestampAloneIsTakenAsItIs() throws {
        #expect(try at(",\"timestamp\":\"1997-01-05\"") == "1997-01-05T00:00:00Z")
    }

    @Test func withoutATimestampItHappenedOnReceipt() throws {
        #expect(try at("") == "2026-03-02T10:00:00Z")
        #expect(try at(",\"sentAt\":\"2020-01-01T00:00:00Z\"") == "2026-03-02T10:00:00Z")
    }

    @Test func aBatchSharesItsSentAt() throws {
        let request = try batch(
            """
            {"batch":[{"type":"track","userId":"u","event":"E","timestamp":"2026-03-02T08:59:00Z"},
            {"type":"track","userId":"u","event":"E","timestamp":"2026-03-02T08:59:00Z","sentAt":"2026-03-02T08:59:30Z"}],
            "sentAt":"2026-03-02T09:00:00Z"}
            """)
        #expect(
            request.drafts.map { $0.received(at: receipt).at.description } == [
                "2026-03-02T09:59:00Z", "2026-03-02T09:59:30Z",
            ])
    }

    @Test func aWrongSentAtOfABatchConcernsWhoeverNeedsIt() throws {
        let request = try batch(
            """
            {"sentAt":"now","batch":[{"type":"track","userId":"u","event":"E","timestamp":"2026-03-02T08:59:00Z"},
            {"type":"track","userId":"u","event":"E"},
            {"type":"track","userId":"u","event":"E","timestamp":"2026-03-02T08:59:00Z","sentAt":"2026-03-02T08:59:30Z"}]}
            """)
        #expect(request.rejected.map(\.index) == [0])
        #expect(request.rejected.map(\.fault.field) == ["sentAt"])
        #expect(request.drafts.count == 2)
    }

    @Test func aClockThatIsCenturiesOffIsNoClock() {
        let members = ",\"timestamp\":\"0001-01-01T00:00:00Z\",\"sentAt\":\"9999-12-31T00:00:00Z\""
        #expect { try at(members) } throws: { ($0 as? EdgeError)?.field == "sentAt" }
        // Where nothing is to be corrected, too.
        #expect { try at(",\"sentAt\":[]") } throws: { ($0 as? EdgeError)?.field == "sentAt" }
    }

    @Test func aStrangersEventIsNotOfTheFuture() throws {
        let json = "{\"userId\":\"u\",\"event\":\"E\",\"timestamp\":\"2027-03-02T10:00:00Z\"}"
        #expect(try event(json, key: publicKey).received(at: receipt).at == receipt)
        #expect(try event(json).received(at: receipt).at == Timestamp(iso8601: "2027-03-02T10:00:00Z"))
    }
}
