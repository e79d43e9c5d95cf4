import Contracts
import Testing

/// Whatever a queue carries, a reader answers with an error: it never crashes, and never guesses.
@Suite struct HostileBodyTests {
    /// Runs `body` on each contract with its golden bytes.
    private func each(_ body: (_ bytes: [UInt8], _ decode: ([UInt8]) throws(ContractError) -> Void) throws -> Void)
        throws
    {
        try body(GoldenValues.events.encoded) { bytes throws(ContractError) in _ = try EventBatch(decoding: bytes) }
        try body(GoldenValues.signals.encoded) { bytes throws(ContractError) in _ = try SignalBatch(decoding: bytes) }
        try body(GoldenValues.hints.encoded) { bytes throws(ContractError) in _ = try MessageHints(decoding: bytes) }
        try body(GoldenValues.withdrawal.encoded) { bytes throws(ContractError) in
            _ = try RecordedWithdrawal(decoding: bytes)
        }
        try body(GoldenValues.barrier.encoded) { bytes throws(ContractError) in
            _ = try WithdrawalBarrier(decoding: bytes)
        }
        try body(GoldenValues.returned.encoded) { bytes throws(ContractError) in _ = try ReturnedMail(decoding: bytes) }
        try body(GoldenValues.erasure.encoded) { bytes throws(ContractError) in
            _ = try ErasureRecord(decoding: bytes)
        }
    }

    @Test func aBodyCutShortAnywhereIsRefused() throws {
        try each { bytes, decode in
            for length in 0..<bytes.count {
                #expect(throws: ContractError.self, "cut to \(length) bytes") {
                    try decode(Array(bytes.prefix(length)))
                }
            }
        }
    }

    @Test func aBodyThatGoesOnIsRefused() throws {
        try each { bytes, decode in
            #expect(throws: ContractError.malformed(field: "end")) { try decode(bytes + [0]) }
        }
    }

    @Test(arguments: [0, 2, 0x0100, 0xFFFF] as [UInt16])
    func anotherVersionIsNamedAndNotRead(version: UInt16) throws {
        try each { bytes, decode in
            // A signal batch has two, of which the second says more.
            if bytes[1] == UInt8(ascii: "S"), version == 2 { return }
            let body = bytes[..<2] + [UInt8(version & 0xFF), UInt8(version >> 8)] + bytes[4...]
            #expect(throws: ContractError.unknownVersion(version)) { try decode(Array(body)) }
        }
    }

    @Test func anotherContractsBodyIsNotRead() throws {
        #expect(throws: ContractError.notAContract) { try SignalBatch(decoding: GoldenValues.events.encoded) }
        #expect(throws: ContractError.notAContract) { try EventBatch(decoding: []) }
        #expect(throws: ContractError.notAContract) { try EventBatch(decoding: Array(#"{"json":1}"#.utf8)) }
    }

    /// The counts of lists and lengths of texts, set to what no body can hold.
    @Test(arguments: [UInt32.max, UInt32(Int32.max), 0x8000_0000, 1000] as [UInt32])
    func aCountBeyondTheBodyIsRefusedBeforeAnythingIsReserved(count: UInt32) throws {
        try each { bytes, decode in
            for offset in 4..<(bytes.count - 3) {
                var body = bytes
                withUnsafeBytes(of: count.littleEndian) { body.replaceSubrange(offset..<offset + 4, with: $0) }
                // Where a number stood the body may still be readable; it must only come back.
                _ = try? decode(body)
            }
        }
        var list = Array(GoldenValues.hints.encoded.prefix(4))
        withUnsafeBytes(of: count.littleEndian) { list += $0 }
        #expect(throws: ContractError.malformed(field: "hints")) { try MessageHints(decoding: list) }
    }

    @Test func aCountThatTheBytesCouldHoldOnePerByteReservesNoMoreThanItNeeds() throws {
        // A million bytes that claim to be a million events.
        var body = Array(GoldenValues.events.encoded.prefix(20))
        withUnsafeBytes(of: UInt32(1_000_000).littleEndian) { body += $0 }
        body += [UInt8](repeating: 0xFF, count: 1_000_000)
        #expect(throws: ContractError.self) { try EventBatch(decoding: body) }
    }

    @Test func valuesThatAFieldDoesNotAllowAreRefused() throws {
        let bytes = GoldenValues.withdrawal.encoded
        let topic = try #require(bytes.firstRange(of: Array("newsletter".utf8)))
        #expect(throws: ContractError.malformed(field: "topic"), "not UTF-8") {
            var body = bytes
            body[topic.lowerBound] = 0xC0
            _ = try RecordedWithdrawal(decoding: body)
        }
        // Behind id, count, workspace and the event id "m-1": the call.
        #expect(throws: ContractError.malformed(field: "call")) {
            var body = GoldenValues.events.encoded
            body[4 + 16 + 4 + 4 + 7] = 6
            _ = try EventBatch(decoding: body)
        }
        #expect(throws: ContractError.malformed(field: "subject"), "neither true nor false") {
            var body = GoldenValues.events.encoded
            body[4 + 16 + 4 + 4 + 7 + 1] = 2
            _ = try EventBatch(decoding: body)
        }
    }

    @Test func changedBytesAreReadOrRefused() throws {
        var random = SplitMix(seed: 11)
        try each { bytes, decode in
            for _ in 0..<5000 {
                var body = bytes
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    body[Int.random(in: 0..<body.count, using: &random)] = .random(in: 0 ... .max, using: &random)
                }
                _ = try? decode(body)
            }
        }
    }
}
