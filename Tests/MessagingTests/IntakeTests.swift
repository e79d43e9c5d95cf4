import Testing

@testable import Messaging

@Suite("Intake")
struct IntakeTests {
    private let start = ContinuousClock.now

    private func intake(bodies: Int = 3, bytes: Int = 1_000) -> Intake {
        Intake(limits: Intake.Limits(bodies: bodies, bytes: bytes))
    }

    private func receive(
        _ intake: inout Intake, _ tags: ClosedRange<UInt64>, lane: Lane = .live, attempts: Int = 0, bytes: Int = 1,
        after delay: Duration = .zero
    ) {
        for tag in tags {
            let body = [UInt8](repeating: UInt8(tag), count: bytes)
            let delivery = Delivery(queue: .events, lane: lane, body: body, attempts: attempts)
            intake.receive(delivery, tag: tag, now: start + delay)
        }
    }

    /// The next step in words.
    private func next(_ intake: inout Intake, after delay: Duration = .zero) -> String {
        switch intake.next(now: start + delay) {
        case .hand(let lane, let batch): "\(lane) \(batch.map { Int($0.body[0]) })"
        case .setAside(let lane, let id, _, let reason): "\(lane) set aside \(id): \(reason)"
        case .giveBack(let lane, let tag): "\(lane) give back \(tag)"
        case .wait(let instant): instant.map { "wait \($0 - start)" } ?? "wait"
        case .finish: "finish"
        }
    }

    private func handled(
        _ intake: inout Intake, _ settlements: Settlement..., lane: Lane = .live, after delay: Duration = .zero
    ) -> UInt64? {
        intake.handled(settlements, lane: lane, now: start + delay)
    }

    @Test func takesWhatIsThereWithinItsBounds() {
        var intake = intake()
        #expect(next(&intake) == "wait")
        receive(&intake, 1...5)
        #expect(next(&intake) == "live [1, 2, 3]")
        #expect(handled(&intake, .ack, .ack, .ack) == 3)
        #expect(next(&intake) == "live [4, 5]")
        #expect(handled(&intake, .ack, .ack) == 5)
        #expect(next(&intake) == "wait")
    }

    @Test func bytesBoundABatchAndALargeBodyComesAlone() {
        var intake = intake(bodies: 10, bytes: 100)
        receive(&intake, 1...2, bytes: 60)
        receive(&intake, 3...3, bytes: 500)
        receive(&intake, 4...4)
        #expect(next(&intake) == "live [1]")
        #expect(handled(&intake, .ack) == 1)
        #expect(next(&intake) == "live [2]")
        #expect(handled(&intake, .ack) == 2)
        #expect(next(&intake) == "live [3]")
        #expect(handled(&intake, .ack) == 3)
        #expect(next(&intake) == "live [4]")
    }

    @Test func aSuspectComesAlone() {
        var intake = intake(bodies: 10)
        receive(&intake, 1...2)
        receive(&intake, 3...4, attempts: 2)
        receive(&intake, 5...6, attempts: 1)
        #expect(next(&intake) == "live [1, 2]")
        #expect(handled(&intake, .ack, .ack) == 2)
        #expect(next(&intake) == "live [3]")
        #expect(handled(&intake, .ack) == 3)
        #expect(next(&intake) == "live [4]")
        #expect(handled(&intake, .ack) == 4)
        #expect(next(&intake) == "live [5, 6]")
    }

    @Test func liveGoesBeforeBulk() {
        var intake = intake(bodies: 1)
        receive(&intake, 1...2, lane: .bulk)
        receive(&intake, 11...12)
        #expect(next(&intake) == "live [11]")
        #expect(handled(&intake, .ack) == 11)
        #expect(next(&intake) == "live [12]")
        #expect(handled(&intake, .ack) == 12)
        #expect(next(&intake) == "bulk [1]")
        receive(&intake, 13...13)
        #expect(handled(&intake, .ack, lane: .bulk) == 1)
        #expect(next(&intake) == "live [13]")
    }

    @Test func aBulkBatchThatRetriesWaitsWhileLiveGoesOn() {
        var intake = intake()
        receive(&intake, 1...2, lane: .bulk)
        #expect(next(&intake) == "bulk [1, 2]")
        #expect(handled(&intake, .retry(after: .seconds(5)), .ack, lane: .bulk) == nil)
        receive(&intake, 11...11)
        #expect(next(&intake, after: .seconds(6)) == "live [11]")
        #expect(handled(&intake, .ack) == 11)
        #expect(next(&intake, after: .seconds(6)) == "bulk [1]")
        #expect(handled(&intake, .ack, lane: .bulk) == 2)
    }

    @Test func bulkGetsATurnWhileLiveNeverRests() {
        var intake = intake()
        receive(&intake, 1...1, lane: .bulk)
        receive(&intake, 11...11)
        #expect(next(&intake) == "live [11]")
        receive(&intake, 12...12, after: .seconds(299))
        #expect(handled(&intake, .ack) == 11)
        #expect(next(&intake, after: .seconds(301)) == "bulk [1]")
        #expect(handled(&intake, .ack, lane: .bulk) == 1)
        #expect(next(&intake, after: .seconds(301)) == "live [12]")
    }

    @Test func waitingNeverMeansAtOnce() {
        var intake = intake()
        receive(&intake, 1...1, lane: .bulk)
        #expect(next(&intake) == "bulk [1]")
        #expect(handled(&intake, .retry(after: .seconds(2)), lane: .bulk) == nil)
        receive(&intake, 11...11, after: .seconds(1))
        #expect(next(&intake, after: .seconds(1)) == "live [11]")
        #expect(handled(&intake, .retry(after: .seconds(9)), after: .seconds(1)) == nil)
        // Bulk has been due for a second, and live goes first.
        #expect(next(&intake, after: .seconds(3)) == "wait 10.0 seconds")
        #expect(next(&intake, after: .seconds(10)) == "live [11]")
        #expect(handled(&intake, .ack, after: .seconds(10)) == 11)
        // Bulk's turn is overdue, but what it holds is not due yet.
        #expect(next(&intake, after: .seconds(10)) == "bulk [1]")
        #expect(handled(&intake, .retry(after: .seconds(600)), lane: .bulk, after: .seconds(10)) == nil)
        #expect(next(&intake, after: .seconds(400)) == "wait 610.0 seconds")
    }

    @Test func onlyTheSettledPrefixIsAcknowledged() {
        var intake = intake()
        receive(&intake, 1...4)
        #expect(next(&intake) == "live [1, 2, 3]")
        #expect(handled(&intake, .ack, .retry(after: .seconds(1)), .ack) == 1)
        // What came later waits behind what is retried.
        #expect(next(&intake) == "wait 1.0 seconds")
        #expect(next(&intake, after: .seconds(1)) == "live [2]")
        #expect(handled(&intake, .ack, after: .seconds(1)) == 3)
        #expect(next(&intake, after: .seconds(1)) == "live [4]")
    }

    @Test func whatTheHandlerLeftOutIsTriedAgain() {
        var intake = intake()
        receive(&intake, 1...2)
        _ = next(&intake)
        #expect(handled(&intake, .ack) == 1)
        #expect(next(&intake) == "wait 1.0 seconds")
        #expect(next(&intake, after: .seconds(1)) == "live [2]")
    }

    @Test func settingAsideIsRetriedUntilItSucceeds() {
        var intake = intake()
        receive(&intake, 1...2)
        _ = next(&intake)
        #expect(handled(&intake, .setAside(reason: "bad"), .ack) == nil)
        #expect(next(&intake) == "live set aside 1: bad")
        let failed = intake.wasSetAside(1, succeeded: false, lane: .live, now: start)
        #expect(failed == nil)
        #expect(next(&intake) == "wait 1.0 seconds")
        #expect(next(&intake, after: .seconds(1)) == "live set aside 1: bad")
        let tag = intake.wasSetAside(1, succeeded: true, lane: .live, now: start)
        #expect(tag == 2)
    }

    @Test func whatIsHeldTooLongIsGivenBackWhole() {
        var intake = intake()
        receive(&intake, 1...5)
        _ = next(&intake)
        let delay = Settlement.retry(after: .seconds(1_000))
        #expect(handled(&intake, delay, delay, delay) == nil)
        #expect(next(&intake, after: .seconds(600)) == "wait 1000.0 seconds")
        #expect(next(&intake, after: .seconds(1_000)) == "live [1, 2, 3]")
        #expect(handled(&intake, delay, delay, delay, after: .seconds(1_000)) == nil)
        #expect(next(&intake, after: .seconds(1_100)) == "wait 1200.0 seconds")
        #expect(next(&intake, after: .seconds(1_200)) == "live give back 5")
        #expect(next(&intake, after: .seconds(1_200)) == "wait")
    }

    @Test func stoppingBeginsNothingAndFinishesSettingAside() {
        var intake = intake()
        receive(&intake, 1...5)
        _ = next(&intake)
        intake.stop()
        #expect(handled(&intake, .retry(after: .zero), .setAside(reason: "bad"), .ack) == nil)
        #expect(next(&intake) == "live set aside 2: bad")
        let tag = intake.wasSetAside(2, succeeded: true, lane: .live, now: start)
        #expect(tag == nil)
        #expect(next(&intake) == "finish")
        let rest = intake.takeSettledRest(.live)
        #expect(rest == [2, 3])
    }
}
