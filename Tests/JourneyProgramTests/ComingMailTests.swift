import JourneyProgram
import Model
import Testing

/// What runs come to in a length of time by time alone.
struct ComingMailTests {
    private func mail(_ name: String) -> Step { .email(name: name, template: "t") }

    private func told(_ mails: [Journey.ComingMail]) -> [String] {
        mails.map { "\($0.step)\($0.visit > 1 ? "#\($0.visit)" : "") \($0.after)\($0.isCertain ? "" : "?")" }
    }

    @Test func waitsAddUpUntilTheTimeIsOver() throws {
        let journey = try journey([
            mail("a"), .wait(.hours(2)), mail("b"), .wait(.hours(22)), mail("c"), .wait(Span(microseconds: 1)),
            mail("d"),
        ])
        #expect(told(journey.comingMails(within: .days(1))) == ["a 0s", "b 2h", "c 1d"])
        #expect(told(journey.comingMails(behind: "wait 2", visit: 1, within: .hours(21))) == ["b 0s"])
        #expect(told(journey.comingMails(at: "b", visit: 1, within: .hours(1))) == ["b 0s"])
        #expect(journey.comingMails(behind: "wait 9", visit: 1, within: .days(1)).isEmpty)
    }

    @Test func behindABranchNothingIsCertainUntilAllWaysHaveMet() throws {
        let branch = Step.branch(try condition("true"), then: [mail("a")], otherwise: [mail("b")])
        #expect(told(try journey([branch, mail("c")]).comingMails(within: .zero)) == ["a 0s?", "b 0s?", "c 0s"])
        let slow = Step.branch(try condition("true"), then: [.wait(.hours(1))], otherwise: [])
        #expect(told(try journey([slow, mail("c")]).comingMails(within: .days(1))) == ["c 0s?"])
        let leaving = Step.branch(try condition("true"), then: [.end], otherwise: [])
        #expect(told(try journey([leaving, mail("c")]).comingMails(within: .days(1))) == ["c 0s?"])
    }

    @Test func whatIsWaitedForDoesNotComeByItself() throws {
        let wait = Step.waitFor(
            .init(event: "X", when: nil, atMost: .hours(3)), then: [mail("a")], otherwise: [mail("b")])
        #expect(told(try journey([wait]).comingMails(within: .days(1))) == ["b 3h"])
        let daily = Step.waitUntil(DailyTime(hour: 9, minute: 0)!)
        #expect(told(try journey([daily, mail("a")]).comingMails(within: .days(1))) == ["a 0s?"])
    }

    @Test func whatRepeatsComesAsOftenAsThereIsTime() throws {
        let loop = Step.loop(times: 5, until: nil, [mail("a"), .wait(.hours(10))])
        #expect(told(try journey([loop]).comingMails(within: .days(1))) == ["a 0s", "a#2 10h", "a#3 20h"])
        let once = Step.email(name: "a", template: "t", guards: .init(isOnce: true))
        #expect(told(try journey([once]).comingMails(within: .days(1))) == ["a 0s?"])
    }
}
