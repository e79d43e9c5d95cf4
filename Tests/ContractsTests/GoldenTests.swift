import Contracts
import Testing

/// The bytes between processes, against files that were written down by hand: old and new processes run side by side.
@Suite struct GoldenTests {
    private func check<Value: Contract>(_ value: Value, _ name: String) throws {
        let bytes = try golden(name)
        #expect(value.encoded == bytes)
        #expect(try Value(decoding: bytes) == value)
        #expect(bytes[2] == UInt8(Value.version & 0xFF), "this build writes another version: add its golden file")
    }

    @Test func eventBatch() throws { try check(GoldenValues.events, "event-batch-1") }
    @Test func signalBatch() throws { try check(GoldenValues.signals, "signal-batch-1") }
    @Test func messageHints() throws { try check(GoldenValues.hints, "message-hints-1") }
    @Test func recordedWithdrawal() throws { try check(GoldenValues.withdrawal, "recorded-withdrawal-1") }
    @Test func withdrawalBarrier() throws { try check(GoldenValues.barrier, "withdrawal-barrier-1") }

    @Test func eachContractHasALetterOfItsOwn() {
        let letters = [
            EventBatch.letter, SignalBatch.letter, MessageHints.letter, RecordedWithdrawal.letter,
            WithdrawalBarrier.letter,
        ]
        #expect(Set(letters).count == letters.count)
    }
}
