import Contracts
import Testing

/// The bytes between processes, against files that were written down by hand: old and new processes run side by side.
@Suite struct GoldenTests {
    /// - Parameter newest: whether it holds something that only the newest version can say; of others an older one may do.
    private func check<Value: Contract>(_ value: Value, _ name: String, newest: Bool = true) throws {
        let bytes = try golden(name)
        #expect(value.encoded == bytes)
        #expect(try Value(decoding: bytes) == value)
        let isNewest = bytes[2] == UInt8(Value.version & 0xFF)
        #expect(isNewest == newest, "this build writes another version: add its golden file")
    }

    @Test func eventBatch() throws { try check(GoldenValues.events, "event-batch-1") }
    @Test func signalBatch() throws { try check(GoldenValues.signals, "signal-batch-1", newest: false) }
    @Test func segmentSignalBatch() throws {
        try check(GoldenValues.segmentSignals, "signal-batch-2", newest: false)
    }
    @Test func leavingSignalBatch() throws { try check(GoldenValues.leavingSignals, "signal-batch-3") }
    @Test func messageHints() throws { try check(GoldenValues.hints, "message-hints-1") }
    @Test func recordedWithdrawal() throws { try check(GoldenValues.withdrawal, "recorded-withdrawal-1") }
    @Test func withdrawalBarrier() throws { try check(GoldenValues.barrier, "withdrawal-barrier-1") }
    @Test func claimMark() throws { try check(GoldenValues.mark, "claim-mark-1") }

    @Test func returnedMail() throws { try check(GoldenValues.returned, "returned-mail-1") }

    @Test func erasureRecord() throws { try check(GoldenValues.erasure, "erasure-record-1") }

    /// A release reads what the one before it wrote: a version is given up in the release after the next at the earliest.
    @Test func thisBuildReadsWhatTheReleaseBeforeWrote() throws {
        let readers: [String: ([UInt8]) throws(ContractError) -> any Contract] = [
            "event-batch": EventBatch.init(decoding:), "signal-batch": SignalBatch.init(decoding:),
            "message-hints": MessageHints.init(decoding:), "recorded-withdrawal": RecordedWithdrawal.init(decoding:),
            "withdrawal-barrier": WithdrawalBarrier.init(decoding:),
        ]
        // As the release b4ce6ff wrote them.
        for name in readers.keys {
            let bytes = try golden("\(name)-1")
            #expect(
                throws: Never.self,
                "services of both releases run side by side: read version 1 of \(name) too, until none writes it"
            ) { try readers[name]?(bytes) }
        }
    }

    @Test func eachContractHasALetterOfItsOwn() {
        let letters = [
            EventBatch.letter, SignalBatch.letter, MessageHints.letter, RecordedWithdrawal.letter,
            WithdrawalBarrier.letter, ClaimMark.letter, ErasureRecord.letter, ReturnedMail.letter,
        ]
        #expect(Set(letters).count == letters.count)
    }
}
