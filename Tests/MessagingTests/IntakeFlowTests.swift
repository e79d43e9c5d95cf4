import Testing

@testable import Messaging

@Suite("Intake: opening and cancelling")
struct IntakeFlowTests {
    @Test func aSessionBeginsWithOneBodyAndTakesMoreOnceOneIsSettled() {
        var intake = DrivenIntake(new: [.live, .bulk])
        #expect(intake.next() == "await")
        #expect(intake.next() == "live open 1")
        #expect(intake.next() == "wait 0.25 seconds")
        intake.receive(1...1)
        #expect(intake.next() == "live [1]")
        intake.handled(.ack)
        // As long as it is not acknowledged, nothing else can be on its way.
        #expect(intake.next() == "live cancel")
        #expect(intake.next() == "live ack 1")
        #expect(intake.next() == "live open 10")
        #expect(intake.next() == "bulk open 1")
        #expect(intake.next() == "wait")
    }

    @Test func whatIsRetriedIsNotSettled() {
        var intake = DrivenIntake(new: [.live])
        _ = (intake.next(), intake.next())
        intake.receive(1...1)
        #expect(intake.next() == "live [1]")
        intake.handled(.retry(after: .seconds(1)))
        #expect(intake.next() == "wait 1.0 seconds")
        #expect(intake.next(after: .seconds(1)) == "live [1]")
        intake.handled(.setAside(reason: "bad"), after: .seconds(1))
        #expect(intake.next(after: .seconds(1)) == "live set aside 1: bad")
        intake.wasSetAside(1, succeeded: true)
        #expect(intake.next(after: .seconds(1)) == "live cancel")
        #expect(intake.next(after: .seconds(1)) == "live ack 1")
        #expect(intake.next(after: .seconds(1)) == "live open 10")
    }

    @Test func bulkWaitsUntilLiveIsHarmlessOrSilent() {
        var intake = DrivenIntake(new: [.live, .bulk])
        _ = (intake.next(), intake.next())
        intake.receive(1...1, attempts: 2, after: .milliseconds(200))
        #expect(intake.next(after: .milliseconds(200)) == "live [1]")
        intake.handled(.ack, after: .milliseconds(300))
        #expect(intake.next(after: .milliseconds(300)) == "live ack 1")
        #expect(intake.next(after: .milliseconds(400)) == "wait 0.55 seconds")
        #expect(intake.next(after: .milliseconds(550)) == "bulk open 1")
    }

    @Test func aSuspectInAFullLaneComesAlone() {
        var intake = DrivenIntake(bodies: 10)
        intake.receive(1...2)
        intake.receive(3...4, attempts: 2)
        intake.receive(5...6, attempts: 1)
        #expect(intake.next() == "live cancel")
        #expect(intake.next() == "bulk cancel")
        #expect(intake.next() == "live give back [4, 5, 6], done [], behind a body that may kill workers")
        #expect(intake.next() == "live [1, 2]")
        intake.handled(.ack, .ack)
        #expect(intake.next() == "live ack 2")
        #expect(intake.next() == "live [3]")
        intake.handled(.ack)
        #expect(intake.next() == "live ack 3")
        #expect(intake.next() == "live open 1")
        intake.receive(1...1, attempts: 3)
        #expect(intake.next() == "live [1]")
        intake.handled(.ack)
        #expect(intake.next() == "live ack 1")
        intake.receive(2...2, attempts: 1)
        #expect(intake.next() == "live [2]")
        intake.handled(.ack)
        #expect(intake.next() == "live cancel")
        #expect(intake.next() == "live ack 2")
        #expect(intake.next() == "live open 10")
    }

    @Test func beforeItIsCancelledEverythingIsHere() {
        var intake = DrivenIntake(prefetch: 4)
        intake.receive(1...4)
        #expect(intake.next() == "live [1, 2, 3]")
        intake.handled(.ack, .ack, .ack)
        #expect(intake.next() == "live ack 3")
        intake.receive(5...5)
        intake.stop()
        #expect(intake.next(after: .milliseconds(10)) == "bulk cancel")
        // Two more may be on their way; what is done meanwhile allows for no others.
        #expect(intake.next(after: .milliseconds(10)) == "live [4, 5]")
        intake.handled(.ack, .ack, after: .milliseconds(20))
        #expect(intake.next(after: .milliseconds(20)) == "wait 0.1 seconds")
        intake.receive(6...6, after: .milliseconds(30))
        #expect(intake.next(after: .milliseconds(30)) == "wait 0.1 seconds")
        #expect(intake.next(after: .milliseconds(100)) == "live cancel")
        #expect(intake.next(after: .milliseconds(100)) == "live ack 5")
        #expect(intake.next(after: .milliseconds(100)) == "live [6]")
        intake.handled(.ack, after: .milliseconds(100))
        #expect(intake.next(after: .milliseconds(100)) == "live ack 6")
        #expect(intake.next(after: .milliseconds(100)) == "finish")
    }

    @Test func aSuspectWaitsUntilItsLaneIsCancelled() {
        var intake = DrivenIntake(prefetch: 4)
        intake.receive(1...1)
        #expect(intake.next() == "live [1]")
        intake.handled(.ack)
        #expect(intake.next() == "live ack 1")
        intake.receive(2...2, attempts: 2)
        #expect(intake.next() == "bulk cancel")
        #expect(intake.next() == "wait 0.1 seconds")
        intake.receive(3...3)
        #expect(intake.next(after: .milliseconds(100)) == "live cancel")
        #expect(
            intake.next(after: .milliseconds(100))
                == "live give back [3], done [], behind a body that may kill workers")
        #expect(intake.next(after: .milliseconds(100)) == "live [2]")
    }

    @Test func bulkIsWorkedOffBeforeALiveSuspect() {
        var intake = DrivenIntake()
        intake.receive(1...2, lane: .bulk)
        intake.receive(11...11, attempts: 2)
        #expect(intake.next() == "live cancel")
        #expect(intake.next() == "bulk cancel")
        #expect(intake.next() == "bulk [1, 2]")
        intake.handled(.ack, .ack, lane: .bulk)
        #expect(intake.next() == "bulk ack 2")
        #expect(intake.next() == "live [11]")
        // Not even now: the next one may be no better.
        intake.handled(.ack)
        #expect(intake.next() == "live ack 11")
        #expect(intake.next() == "live open 1")
        #expect(intake.next() == "wait 0.25 seconds")
    }

    @Test func bulkThatIsRetriedHoldsUpNoLiveSuspect() {
        var intake = DrivenIntake()
        intake.receive(1...1, lane: .bulk)
        #expect(intake.next() == "bulk [1]")
        intake.handled(.retry(after: .seconds(60)), lane: .bulk)
        intake.receive(11...11, attempts: 2)
        _ = (intake.next(), intake.next())
        #expect(intake.next() == "live [11]")
    }

    @Test func aPrefetchOfOneIsNeverChanged() {
        var intake = DrivenIntake(new: [.live], prefetch: 1)
        _ = (intake.next(), intake.next())
        for (tag, attempts) in [(1, 0), (2, 5), (3, 0)] as [(UInt64, Int)] {
            intake.receive(tag...tag, attempts: attempts)
            #expect(intake.next() == "live [\(tag)]")
            intake.handled(.ack)
            #expect(intake.next() == "live ack \(tag)")
            #expect(intake.next() == "wait")
        }
    }
}
