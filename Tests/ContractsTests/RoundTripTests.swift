import Contracts
import Model
import Testing

/// Anything that can be written is read back as it was.
@Suite struct RoundTripTests {
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func whatIsWrittenIsReadBack(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let events = EventBatch(id: random.id(), events: random.list(of: 40) { $0.event() })
        #expect(try EventBatch(decoding: events.encoded) == events)
        let signals = SignalBatch(id: random.id(), signals: random.list(of: 40) { $0.signal() })
        #expect(try SignalBatch(decoding: signals.encoded) == signals)
        #expect(UInt16(signals.encoded[2]) == signals.signals.map(\.cause.version).max() ?? 1)
        let hints = MessageHints(
            hints: random.list(of: 40) { MessageHints.Hint(contact: $0.contact(), message: $0.id()) })
        #expect(try MessageHints(decoding: hints.encoded) == hints)
        let withdrawal = RecordedWithdrawal(
            contact: random.contact(), message: random.id(), topic: random.text(), answeredAt: random.time(),
            means: random.text())
        #expect(try RecordedWithdrawal(decoding: withdrawal.encoded) == withdrawal)
        let kinds: [ReturnedMail.Kind] = [
            .failed(random.text(), blamesSender: true), .delayed, .delivered, .complaint, .autoReply, .unsubscribe,
            .unclear,
        ]
        for kind in kinds {
            let returned = ReturnedMail(
                mark: MessageMark(contact: random.contact(), message: random.id()), kind: kind,
                status: Bool.random(using: &random) ? random.text() : nil, words: random.text(),
                receivedAt: random.time(), means: random.text())
            #expect(try ReturnedMail(decoding: returned.encoded) == returned)
        }
        let barrier = WithdrawalBarrier(id: random.id())
        #expect(try WithdrawalBarrier(decoding: barrier.encoded) == barrier)
        let erasure = ErasureRecord(
            workspace: random.contact().workspace, erasedAt: random.time(),
            subjects: random.list(of: 5) { Array($0.text().utf8) },
            addresses: random.list(of: 5) { ErasureRecord.Address(hash: Array($0.text().utf8), reason: $0.text()) })
        #expect(try ErasureRecord(decoding: erasure.encoded) == erasure)
    }
}

/// Steele, Lea and Flood's SplitMix64: random numbers that are the same for a seed.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension SplitMix {
    mutating func id() -> UniqueID { UniqueID(high: next(), low: next()) }

    mutating func time() -> Timestamp { Timestamp(microseconds: Int64(bitPattern: next())) }

    mutating func contact() -> ContactKey {
        ContactKey(workspace: WorkspaceID(rawValue: Int32(truncatingIfNeeded: next())), contact: id())
    }

    mutating func text() -> String {
        let letters: [Unicode.Scalar] = ["a", "Z", "\0", "\n", "é", "ß", "漢", "😀", "\u{FFFD}", "\"", "\u{301}"]
        var text = ""
        for _ in 0..<Int.random(in: 0...12, using: &self) {
            text.unicodeScalars.append(letters.randomElement(using: &self)!)
        }
        return text
    }

    mutating func identity() -> Identity { Identity(.allCases.randomElement(using: &self)!, text()) }

    mutating func list<Element>(of limit: Int, _ make: (inout SplitMix) -> Element) -> [Element] {
        (0..<Int.random(in: 0...limit, using: &self)).map { _ in make(&self) }
    }

    mutating func event() -> AcceptedEvent {
        AcceptedEvent(
            workspace: WorkspaceID(rawValue: Int32(truncatingIfNeeded: next())), eventID: text(),
            call: .allCases.randomElement(using: &self)!,
            subject: Bool.random(using: &self) ? .id(id()) : .identity(identity()),
            aliases: list(of: 3) { $0.identity() }, name: text(), sentTime: Bool.random(using: &self) ? time() : nil,
            at: time(), receivedAt: time(), trust: .allCases.randomElement(using: &self)!,
            effect: .allCases.randomElement(using: &self)!, properties: Array(text().utf8),
            context: Array(text().utf8))
    }

    mutating func signal() -> Signal {
        Signal(contact: contact(), cause: cause(), at: time(), eventID: text(), subject: id(), name: text())
    }

    private mutating func cause() -> Signal.Cause {
        switch Int.random(in: 0..<11, using: &self) {
        case 0:
            .entered(
                segment: text(), ordinal: Int32(truncatingIfNeeded: next()), isBackfill: Bool.random(using: &self))
        case 1: .left(segment: text())
        case 2, 3: .stage(text())
        case 4:
            .left(segment: text(), ordinal: Int32(truncatingIfNeeded: next()), isBackfill: Bool.random(using: &self))
        case 5: .date(journey: text(), key: text())
        case 6: .call(journey: text(), key: text())
        default: .event
        }
    }
}
