import Testing

@testable import Messaging

@Suite("Intake")
struct IntakeTests {
    @Test func takesWhatIsThereWithinItsBounds() {
        var intake = DrivenIntake()
        #expect(intake.next() == "wait")
        intake.receive(1...5)
        #expect(intake.next() == "live [1, 2, 3]")
        intake.handled(.ack, .ack, .ack)
        #expect(intake.next() == "live ack 3")
        #expect(intake.next() == "live [4, 5]")
        intake.handled(.ack, .ack)
        #expect(intake.next() == "live ack 5")
        #expect(intake.next() == "wait")
    }

    @Test func bytesBoundABatchAndALargeBodyComesAlone() {
        var intake = DrivenIntake(bodies: 10, bytes: 100)
        intake.receive(1...2, bytes: 60)
        intake.receive(3...3, bytes: 500)
        intake.receive(4...4)
        #expect(intake.next() == "live [1]")
        intake.handled(.ack)
        #expect(intake.next() == "live ack 1")
        #expect(intake.next() == "live [2]")
        intake.handled(.ack)
        #expect(intake.next() == "live ack 2")
        #expect(intake.next() == "live [3]")
        intake.handled(.ack)
        #expect(intake.next() == "live ack 3")
        #expect(intake.next() == "live [4]")
    }

    @Test func liveGoesBeforeBulk() {
        var intake = DrivenIntake(bodies: 1)
        intake.receive(1...2, lane: .bulk)
        intake.receive(11...12)
        #expect(intake.next() == "live [11]")
        intake.handled(.ack)
        #expect(intake.next() == "live ack 11")
        #expect(intake.next() == "live [12]")
        intake.handled(.ack)
        #expect(intake.next() == "live ack 12")
        #expect(intake.next() == "bulk [1]")
        intake.receive(13...13)
        intake.handled(.ack, lane: .bulk)
        #expect(intake.next() == "bulk ack 1")
        #expect(intake.next() == "live [13]")
    }

    @Test func aBulkBatchThatRetriesWaitsWhileLiveGoesOn() {
        var intake = DrivenIntake()
        intake.receive(1...2, lane: .bulk)
        #expect(intake.next() == "bulk [1, 2]")
        intake.handled(.retry(after: .seconds(5)), .ack, lane: .bulk)
        intake.receive(11...11)
        #expect(intake.next(after: .seconds(6)) == "live [11]")
        intake.handled(.ack)
        #expect(intake.next() == "live ack 11")
        #expect(intake.next(after: .seconds(6)) == "bulk [1]")
        intake.handled(.ack, lane: .bulk)
        #expect(intake.next() == "bulk ack 2")
    }

    @Test func bulkGetsATurnWhileLiveNeverRests() {
        var intake = DrivenIntake()
        intake.receive(1...1, lane: .bulk)
        intake.receive(11...11)
        #expect(intake.next() == "live [11]")
        intake.receive(12...12, after: .seconds(299))
        intake.handled(.ack)
        #expect(intake.next() == "live ack 11")
        #expect(intake.next(after: .seconds(301)) == "bulk [1]")
        intake.handled(.ack, lane: .bulk)
        #expect(intake.next() == "bulk ack 1")
        #expect(intake.next(after: .seconds(301)) == "live [12]")
    }

    @Test func waitingNeverMeansAtOnce() {
        var intake = DrivenIntake()
        intake.receive(1...1, lane: .bulk)
        #expect(intake.next() == "bulk [1]")
        intake.handled(.retry(after: .seconds(2)), lane: .bulk)
        intake.receive(11...11, after: .seconds(1))
        #expect(intake.next(after: .seconds(1)) == "live [11]")
        intake.handled(.retry(after: .seconds(9)), after: .seconds(1))
        // Bulk has been due for a second, and live goes first.
        #expect(intake.next(after: .seconds(3)) == "wait 10.0 seconds")
        #expect(intake.next(after: .seconds(10)) == "live [11]")
        intake.handled(.ack, after: .seconds(10))
        #expect(intake.next(after: .seconds(10)) == "live ack 11")
        // Bulk's turn is overdue, but what it holds is not due yet.
        #expect(intake.next(after: .seconds(10)) == "bulk [1]")
        intake.handled(.retry(after: .seconds(600)), lane: .bulk, after: .seconds(10))
        #expect(intake.next(after: .seconds(400)) == "wait 610.0 seconds")
    }

    @Test func onlyTheSettledPrefixIsAcknowledged() {
        var intake = DrivenIntake()
        intake.receive(1...4)
        #expect(intake.next() == "live [1, 2, 3]")
        intake.handled(.ack, .retry(after: .seconds(1)), .ack)
        #expect(intake.next() == "live ack 1")
        // What came later waits behind what is retried.
        #expect(intake.next() == "wait 1.0 seconds")
        #expect(intake.next(after: .seconds(1)) == "live [2]")
        intake.handled(.ack, after: .seconds(1))
        #expect(intake.next(after: .seconds(1)) == "live ack 3")
        #expect(intake.next(after: .seconds(1)) == "live [4]")
    }

    @Test func whatTheHandlerLeftOutIsTriedAgain() {
        var intake = DrivenIntake()
        intake.receive(1...2)
        _ = intake.next()
        intake.handled(.ack)
        #expect(intake.next() == "live ack 1")
        #expect(intake.next() == "wait 1.0 seconds")
        #expect(intake.next(after: .seconds(1)) == "live [2]")
    }

    @Test func settingAsideIsRetriedUntilItSucceeds() {
        var intake = DrivenIntake()
        intake.receive(1...2)
        _ = intake.next()
        intake.handled(.setAside(reason: "bad"), .ack)
        #expect(intake.next() == "live set aside 1: bad")
        intake.wasSetAside(1, succeeded: false)
        #expect(intake.next() == "wait 1.0 seconds")
        #expect(intake.next(after: .seconds(1)) == "live set aside 1: bad")
        intake.wasSetAside(1, succeeded: true)
        #expect(intake.next(after: .seconds(1)) == "live ack 2")
    }

    @Test func whatIsHeldTooLongIsGivenBackAndNothingIsTakenUntilItIsOfUse() {
        var intake = DrivenIntake()
        intake.receive(1...5)
        _ = intake.next()
        let delay = Settlement.retry(after: .seconds(1_000))
        intake.handled(delay, delay, .ack)
        #expect(intake.next(after: .seconds(600)) == "wait 1000.0 seconds")
        #expect(intake.next(after: .seconds(1_000)) == "live [1, 2]")
        intake.handled(delay, delay, after: .seconds(1_000))
        #expect(intake.next(after: .seconds(1_100)) == "wait 1200.0 seconds")
        #expect(intake.next(after: .seconds(1_200)) == "live cancel")
        #expect(intake.next(after: .seconds(1_200)) == "bulk cancel")
        #expect(intake.next(after: .seconds(1_200)) == "live give back [1, 2, 4, 5], done [3], held too long")
        #expect(intake.next(after: .seconds(1_200)) == "await")
        #expect(intake.next(after: .seconds(9_000)) == "live open 1")
    }

    @Test func whenOneLaneIsHeldTooLongTheOtherIsWorkedOff() {
        var intake = DrivenIntake()
        intake.receive(1...1, lane: .bulk)
        _ = intake.next()
        intake.handled(.retry(after: .seconds(5_000)), lane: .bulk)
        intake.receive(11...14, after: .seconds(1_190))
        #expect(intake.next(after: .seconds(1_200)) == "live cancel")
        #expect(intake.next(after: .seconds(1_200)) == "bulk cancel")
        #expect(intake.next(after: .seconds(1_200)) == "bulk give back [1], done [], held too long")
        #expect(intake.next(after: .seconds(1_200)) == "live [11, 12, 13]")
        intake.handled(.ack, .retry(after: .zero), .ack, after: .seconds(1_200))
        #expect(intake.next(after: .seconds(1_200)) == "live ack 11")
        #expect(intake.next(after: .seconds(1_201)) == "live give back [12, 14], done [13], held too long")
        #expect(intake.next(after: .seconds(1_201)) == "await")
    }

    @Test func stoppingWorksOffWhatIsHeldAndReturnsWhatIsRetried() {
        var intake = DrivenIntake()
        intake.receive(1...5)
        intake.receive(11...15, lane: .bulk)
        _ = intake.next()
        intake.stop()
        intake.handled(.ack, .setAside(reason: "bad"), .ack)
        #expect(intake.next() == "live cancel")
        // What was on its way when the subscription was cancelled.
        intake.receive(6...6)
        #expect(intake.next() == "bulk cancel")
        #expect(intake.next() == "live ack 1")
        #expect(intake.next() == "live set aside 2: bad")
        intake.wasSetAside(2, succeeded: true)
        #expect(intake.next() == "live ack 3")
        #expect(intake.next() == "live [4, 5, 6]")
        intake.handled(.ack, .retry(after: .zero), .ack)
        #expect(intake.next() == "live ack 4")
        #expect(intake.next() == "bulk [11, 12, 13]")
        intake.handled(.ack, .ack, .ack, lane: .bulk)
        #expect(intake.next() == "bulk ack 13")
        #expect(intake.next() == "bulk [14, 15]")
        intake.handled(.ack, .ack, lane: .bulk)
        #expect(intake.next() == "bulk ack 15")
        #expect(intake.next() == "live give back [5], done [6], not done when the process was shut down")
        #expect(intake.next() == "finish")
    }
}
