import Testing

@testable import AMQP

@Suite("Publish window")
struct ConfirmWindowTests {
    private let start = ContinuousClock.now

    private func window(
        messages: Int = 3, bytes: Int = 100, waiting: Int = 1_000, first: Int = 100
    ) -> ConfirmWindow<String> {
        ConfirmWindow(limits: .init(messages: messages, bytes: bytes, waitingBytes: waiting, firstBytes: first))
    }

    private func fill(_ window: inout ConfirmWindow<String>, _ tickets: String..., bytes: Int = 1) {
        for ticket in tickets {
            let isIn = window.enqueue(ticket, bytes: bytes, deadline: start + .seconds(1))
            #expect(isIn)
        }
    }

    @Test func admitsInOrderUpToTheNumberOfMessages() {
        var window = window()
        fill(&window, "a", "b", "c", "d")
        let admitted = window.admitAll(at: start)
        #expect(admitted.map(\.ticket) == ["a", "b", "c"])
        #expect(admitted.map(\.sequence) == [1, 2, 3])
        #expect(window.admitAll(at: start).isEmpty)
        #expect(window.settle(1, multiple: false, isAck: true, now: start).map(\.ticket) == ["a"])
        #expect(window.admitAll(at: start).map(\.sequence) == [4])
    }

    @Test func admitsByBytesAndAnOversizedBodyAlone() {
        var window = window(messages: 10)
        fill(&window, "small", bytes: 60)
        fill(&window, "large", bytes: 500)
        #expect(window.admitAll(at: start).map(\.ticket) == ["small"])
        _ = window.settle(1, multiple: false, isAck: true, now: start)
        #expect(window.admitAll(at: start).map(\.ticket) == ["large"])
        fill(&window, "next", bytes: 1)
        #expect(window.admitAll(at: start).isEmpty)
    }

    @Test func refusesWhenTooMuchWaits() {
        var window = window(messages: 1, waiting: 10)
        fill(&window, "a", bytes: 5)
        _ = window.admitAll(at: start)
        fill(&window, "b", bytes: 8)
        let tooMuch = window.enqueue("c", bytes: 3, deadline: start)
        let justRight = window.enqueue("d", bytes: 2, deadline: start)
        #expect(!tooMuch)
        #expect(justRight)
    }

    @Test func settlesMultipleAndIgnoresRepetitions() {
        var window = window()
        fill(&window, "a", "b", "c")
        _ = window.admitAll(at: start)
        #expect(window.settle(2, multiple: false, isAck: true, now: start).map(\.ticket) == ["b"])
        #expect(window.inFlightCount == 3)
        #expect(window.settle(3, multiple: true, isAck: true, now: start).map(\.ticket) == ["a", "c"])
        #expect(window.settle(3, multiple: true, isAck: true, now: start).isEmpty)
        #expect(window.settle(9, multiple: false, isAck: true, now: start).isEmpty)
        #expect(window.isEmpty)
    }

    @Test func zeroWithMultipleMeansAll() {
        var window = window()
        fill(&window, "a", "b")
        _ = window.admitAll(at: start)
        #expect(window.settle(0, multiple: true, isAck: false, now: start).map(\.outcome) == [.nacked, .nacked])
        #expect(window.isEmpty)
    }

    @Test func aReturnTurnsItsAckIntoAFailure() {
        var window = window()
        fill(&window, "a", "b")
        _ = window.admitAll(at: start)
        window.markReturned(1, reason: "NO_ROUTE")
        window.markReturned(7, reason: "unheard of")
        let settled = window.settle(2, multiple: true, isAck: true, now: start)
        #expect(settled.map(\.outcome) == [.returned("NO_ROUTE"), .confirmed])
    }

    @Test func anExpiredBodyKeepsItsPlaceUntilTheBrokerAnswers() {
        var window = window(messages: 1)
        fill(&window, "a", "b")
        _ = window.admitAll(at: start)
        #expect(window.expire(now: start).unknown.isEmpty)
        #expect(window.overdueSince == nil)
        let late = window.expire(now: start + .seconds(2))
        #expect(window.overdueSince == start + .seconds(1))
        #expect(late.unknown == ["a"])
        #expect(late.neverSent == ["b"])
        fill(&window, "c")
        #expect(window.admitAll(at: start).isEmpty)
        #expect(window.settle(1, multiple: false, isAck: true, now: start).isEmpty)
        #expect(window.overdueSince == nil)
        #expect(window.admitAll(at: start).map(\.sequence) == [2])
    }

    @Test func failingTakesOutEverythingAndNumbersAnew() {
        var window = window(messages: 1)
        fill(&window, "a", "b")
        _ = window.admitAll(at: start)
        let all = window.fail()
        #expect(all.unknown == ["a"])
        #expect(all.neverSent == ["b"])
        fill(&window, "c")
        #expect(window.admitAll(at: start).map(\.sequence) == [1])
    }

    @Test func afterARestOnlyAFirstSliceGoesOutUntilItIsAnswered() {
        var window = window(messages: 10, bytes: 1_000, first: 20)
        fill(&window, "a", "b", "c", "d", bytes: 10)
        #expect(window.admitAll(at: start).map(\.ticket) == ["a", "b"])
        #expect(!window.hasAdmissible)
        _ = window.settle(1, multiple: false, isAck: false, now: start)
        #expect(window.admitAll(at: start).map(\.ticket) == ["c", "d"])
    }

    @Test func afterARestAnOversizedBodyGoesAlone() {
        var window = window(messages: 10, bytes: 1_000, first: 20)
        fill(&window, "large", "small", bytes: 50)
        #expect(window.admitAll(at: start).map(\.ticket) == ["large"])
    }

    @Test func theWindowClosesAfterARestAndNotBefore() {
        var window = window(messages: 10, bytes: 1_000, first: 20)
        fill(&window, "a", bytes: 10)
        _ = window.admitAll(at: start)
        _ = window.settle(1, multiple: false, isAck: true, now: start)
        fill(&window, "b", "c", "d", bytes: 10)
        let soon = start + window.limits.rest
        #expect(window.admitAll(at: soon).count == 3)
        _ = window.settle(0, multiple: true, isAck: true, now: soon)
        fill(&window, "e", "f", "g", bytes: 10)
        #expect(window.admitAll(at: soon + window.limits.rest + .nanoseconds(1)).count == 2)
    }

    @Test(arguments: [UInt64(1) << 63, .max - 1, .max])
    func numbersThatNoPublishHasAreHarmless(number: UInt64) {
        var window = window()
        #expect(window.settle(number, multiple: false, isAck: true, now: start).isEmpty)
        #expect(window.settle(number, multiple: true, isAck: true, now: start).isEmpty)
        fill(&window, "a", "b")
        _ = window.admitAll(at: start)
        window.markReturned(number, reason: "unheard of")
        #expect(window.settle(number, multiple: false, isAck: true, now: start).isEmpty)
        #expect(window.settle(number, multiple: true, isAck: true, now: start).map(\.ticket) == ["a", "b"])
        fill(&window, "c")
        #expect(window.admitAll(at: start).map(\.sequence) == [3])
    }

    /// Against a plain model: every ticket leaves exactly once, in flight never exceeds the limits.
    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func randomOperations(seed: UInt64) {
        var random = Generator(state: seed)
        var window = ConfirmWindow<Int>(limits: .init(messages: 5, bytes: 50, waitingBytes: 200))
        var given = 0
        var gone: [Int] = []
        var open: [UInt64: Int] = [:]
        for step in 0..<4_000 {
            switch random.next() % 8 {
            case 0...3:
                let deadline = start + .milliseconds(step + Int(random.next() % 500))
                if window.enqueue(given, bytes: Int(random.next() % 20), deadline: deadline) { given += 1 }
            case 4:
                let late = window.expire(now: start + .milliseconds(step))
                gone += late.neverSent + late.unknown
            default:
                guard let pick = open.keys.sorted().randomElement(using: &random) else { continue }
                let multiple = random.next() % 2 == 0
                let settled = window.settle(pick, multiple: multiple, isAck: true, now: start).map(\.ticket)
                let expected = open.filter { multiple ? $0.key <= pick : $0.key == pick }
                #expect(Set(settled).isSubset(of: Set(expected.values)))
                for key in expected.keys { open[key] = nil }
                gone += settled
            }
            for (sequence, ticket) in window.admitAll(at: start) { open[sequence] = ticket }
            #expect(open.count <= 5)
            #expect(window.unsettledBytes <= 50)
        }
        let rest = window.fail()
        gone += rest.neverSent + rest.unknown
        #expect(gone.sorted() == Array(0..<given))
    }
}

extension ConfirmWindow {
    /// All that may go out at one instant.
    fileprivate mutating func admitAll(at now: ContinuousClock.Instant) -> [(sequence: UInt64, ticket: Ticket)] {
        var admitted: [(sequence: UInt64, ticket: Ticket)] = []
        while let next = admit(now: now) { admitted.append(next) }
        return admitted
    }
}

/// SplitMix64: the same seed, the same run.
private struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
