import Testing

@testable import AMQP

struct RefusalWatchTests {
    private let start = ContinuousClock.now

    /// Whether it is hopeless after answers at these tenths of a second.
    private func isHopeless(after answers: [(at: Int, isAck: Bool)]) -> Bool {
        var watch = RefusalWatch(patience: .seconds(3))
        for answer in answers { watch.note(isAck: answer.isAck, now: start + .milliseconds(100 * answer.at)) }
        return watch.isHopeless
    }

    @Test func onlyRefusalsAloneForLongAreHopeless() {
        #expect(!isHopeless(after: [(0, false), (29, false)]))
        #expect(isHopeless(after: [(0, false), (15, false), (30, false)]))
        #expect(!isHopeless(after: [(0, false), (15, true), (30, false)]))
        #expect(!isHopeless(after: [(0, false), (15, false), (30, false), (31, true)]), "one that is taken ends it")
        #expect(!isHopeless(after: [(0, false), (600, false)]), "nothing was published in between")
    }
}
