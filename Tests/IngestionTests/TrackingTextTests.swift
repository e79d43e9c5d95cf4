import Contracts
import Model
import TestSupport
import Testing

@testable import Ingestion

/// What is JSON, what only looks like it, and what the store could not hold.
@Suite struct TrackingTextTests {
    private func single(_ value: String) -> String {
        "{\"type\":\"track\",\"userId\":\"u\",\"event\":\"E\",\"properties\":{\"v\":\(value)}}"
    }

    @Test(arguments: [
        "null", "true", "false", "0", "-0", "1", "-12.5e+3", "1E5", "0.1", "1e308", "5e-324",
        "-1.7976931348623157e308", "17976931348623157000e289", "0.00017976931348623157E+312",
        "123456789012345678901234567890",
        "\"\"", "\"a\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u00e9\\uD83D\\ude00\"", "\"é😀\"", "[]", "[1,[2],{}]",
        "{}",
        "{\"\":{\"a\":[null]}}", " [ 1 , 2 ] ",
    ])
    func soundValuesPassUnchanged(value: String) throws {
        let draft = try event(single(value))
        let text = String(decoding: draft.event.properties, as: UTF8.self)
        #expect(text == "{\"v\":\(value)}")
        #expect(throws: Never.self) { try JSON(parsing: draft.event.properties) }
    }

    @Test(arguments: [
        "", "nul", "nulll", "True", "01", "1.", ".5", "1e", "1e+", "+1", "-", "0x1", "1 2", "Infinity", "NaN", "'a'",
        "\"a",
        "\"\\x\"", "\"\\u12\"", "\"\\u12G4\"", "\"\t\"", "\"a\"b", "[1,]", "[,1]", "[1 2]", "[", "]", "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}", "{1:2}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "[}", "{]", "1}", "// c", "\"\\uD83D\\u\"", "--1",
        "1-1",
    ])
    func otherTextsAreNotJSON(value: String) {
        #expect(throws: EdgeError.self) { try event(single(value)) }
        // In a batch too, it is the body that is no JSON, not the item.
        #expect { try batch("{\"batch\":[\(single("1")),\(single(value))]}") } throws: {
            ($0 as? EdgeError)?.code == .malformed
        }
    }

    static let unfit: [(value: String, code: ItemFault.Code)] = [
        ("\"\\u0000\"", .nul), ("\"a\\u0000b\"", .nul), ("\"\\ud800\"", .loneSurrogate),
        ("\"\\udc00\"", .loneSurrogate),
        ("\"\\ud800x\"", .loneSurrogate), ("\"\\ud800\\n\"", .loneSurrogate), ("\"\\ud800\\ud800\"", .loneSurrogate),
        ("\"\\udc00\\ud800\"", .loneSurrogate), ("1e309", .numberRange), ("-1e999999", .numberRange),
        // No double is as large, though the nearest is finite.
        ("1.7976931348623158e308", .numberRange), ("-0.0017976931348623158e311", .numberRange),
        ("1e-400", .numberRange), ("0e999999999", .numberRange),
        (String(repeating: "9", count: 401), .numberRange),
        ("0." + String(repeating: "0", count: 500) + "1", .numberRange),
        (String(repeating: "[", count: 31) + String(repeating: "]", count: 31), .tooDeep),
        (String(repeating: "{\"a\":", count: 40) + "1" + String(repeating: "}", count: 40), .tooDeep),
    ]

    @Test(arguments: unfit)
    func whatTheStoreCannotHoldRejectsOnlyItsItem(value: String, code: ItemFault.Code) throws {
        let request = try batch("{\"batch\":[\(single("1")),\(single(value)),\(single("2"))]}")
        #expect(request.drafts.count == 2)
        #expect(request.rejected.map(\.index) == [1])
        #expect(request.rejected.first?.fault.code == code)
        #expect(request.rejected.first?.fault.field.hasPrefix("properties.v") == true)
        #expect { try event(single(value)) } throws: { ($0 as? EdgeError)?.code == .invalid }
    }

    @Test func thirtyTwoLevelsAreFine() throws {
        let value = String(repeating: "[", count: 30) + String(repeating: "]", count: 30)
        #expect(try batch("{\"batch\":[\(single(value))]}").drafts.count == 1)
    }

    @Test func faultsNameTheirPlace() throws {
        let text = """
            {"batch":[{"userId":"u","event":"E","properties":{"products":[{"price":1},{"price":1e999,"x":"\\u0000"}]}},
            {"userId":"u","event":"E","context":{"a\\u0000":1}},{"userId":"\\ud800","event":"E"}]}
            """
        #expect(try batch(text).rejected.map(\.fault.field) == ["properties.products[1].price", "context", "userId"])
    }

    @Test func unsoundItemsOfEveryKindAreRejectedAlone() throws {
        let request = try batch("{\"batch\":[1,null,\"x\",[],{},\(single("1"))]}")
        #expect(request.rejected.map(\.index) == [0, 1, 2, 3, 4])
        #expect(request.drafts.count == 1)
    }

    @Test(arguments: [
        "", " ", "[]", "1", "null", "\"x\"", "{}", "{\"batch\":1}", "{\"batch\":{}}", "{\"batch\":[]}x",
        "{\"batch\":[]}{}", "\u{FEFF}{\"batch\":[]}",
    ])
    func bodiesOfAnotherFormAreRefused(text: String) {
        #expect { try batch(text) } throws: { ($0 as? EdgeError)?.code == .malformed }
    }

    @Test func invalidUTF8IsRefused() {
        for bytes in [[0xC0, 0x80], [0xED, 0xA0, 0x80], [0xFF], [0xF5, 0x80, 0x80, 0x80]] as [[UInt8]] {
            let text = Array("{\"batch\":[{\"userId\":\"".utf8) + bytes + Array("\"}]}".utf8)
            #expect {
                try TrackingRequest.batch(
                    PaddedText(text), key: serverKey, limits: EdgeLimits(), freshID: UniqueID.random)
            } throws: {
                ($0 as? EdgeError)?.code == .malformed
            }
        }
    }

    @Test func everyCutOfABodyIsRefused() {
        let text = Array("{\"sentAt\":\"2026-01-01T00:00:00Z\",\"batch\":[\(single("[1,\"\\u00e9\",{}]"))]}".utf8)
        for count in 0..<text.count {
            #expect {
                try TrackingRequest.batch(
                    PaddedText(Array(text[..<count])), key: serverKey, limits: EdgeLimits(), freshID: UniqueID.random)
            } throws: {
                ($0 as? EdgeError)?.code == .malformed
            }
        }
    }

    @Test func noMutationOfABodyGetsPastTheEdgeAndNotTheModel() throws {
        let text = Array(
            "{\"batch\":[{\"type\":\"track\",\"userId\":\"u1\",\"event\":\"E\",\"properties\":{\"a\":[1.5e3,\"\\ud83d\\ude00\\n\",null,true]}}]}"
                .utf8)
        var random = Dice(seed: 7)
        var accepted = 0
        for _ in 0..<20_000 {
            var changed = text
            for _ in 0...Int(random.next() % 2) {
                changed[Int(random.next() % UInt64(text.count))] = Array("{}[]\":,\\u0d8ceE+-.19x\u{0} \u{7F}".utf8)
                    .randomElement(using: &random)!
            }
            guard
                let request = try? TrackingRequest.batch(
                    PaddedText(changed), key: serverKey, limits: EdgeLimits(), freshID: UniqueID.random)
            else { continue }
            for draft in request.drafts {
                accepted += 1
                #expect(throws: Never.self) { try JSON(parsing: draft.event.properties) }
            }
        }
        #expect(accepted > 1000)
    }

    @Test func manyOrLargeItemsAreRefused() throws {
        let many = "{\"batch\":[" + Array(repeating: "{}", count: 2501).joined(separator: ",") + "]}"
        #expect { try batch(many) } throws: { ($0 as? EdgeError)?.code == .tooLarge }
        let large = single("\"" + String(repeating: "x", count: 32_768) + "\"")
        let request = try batch("{\"batch\":[\(large),\(single("1"))]}")
        #expect(request.rejected.map(\.fault.code) == [.tooLarge])
        #expect(request.drafts.count == 1)
        #expect { try event(large) } throws: { ($0 as? EdgeError)?.code == .tooLarge }
    }
}
