@testable import Delivery
import Laboratory
import Logging
import Messaging
import Model
import Postgres
import SMTP
import Store
import TestSupport
import Testing
import Transit

/// A relay that is away stops the claims, not only the mails.
@Suite struct RelayConditionTests {
    private let start = ContinuousClock.now

    @Test func pausesGrowToHalfAMinuteAndEndWithAnAnswer() {
        var relay = RelayCondition()
        var now = start
        var pauses: [Int64] = []
        for _ in 0..<8 {
            #expect(!relay.isPaused(at: now))
            #expect(relay.failed(begun: now, at: now) == (pauses.isEmpty ? .gone : .paused))
            #expect(relay.failed(begun: now, at: now) == .none, "one a pause")
            let begun = now
            while relay.isPaused(at: now) { now += .milliseconds(500) }
            pauses.append((now - begun).components.seconds)
        }
        #expect(pauses == [1, 2, 4, 8, 16, 30, 30, 30])
        #expect(relay.failed(begun: now, at: now) == .paused)
        #expect((relay.answered(at: now) as Bool) == true)
        #expect(!relay.isPaused(at: now))
        #expect((relay.answered(at: now) as Bool) == false)
        #expect(relay.failed(begun: now + .seconds(1), at: now + .seconds(2)) == .gone)
    }

    @Test func aFailureBesideAnAnswerIsThatConnectionsAlone() {
        var relay = RelayCondition()
        #expect((relay.answered(at: start + .seconds(2)) as Bool) == false)
        #expect(relay.failed(begun: start + .seconds(1), at: start + .seconds(3)) == .none)
        #expect(!relay.isPaused(at: start + .seconds(3)))
    }
}

@Suite struct RelayTests {
    @Test(.timeLimit(.minutes(10))) func anAbsentRelayIsSaidOnceAndStopsTheClaims() async throws {
        try await TestStage.with(clock: .stepped(at: Bench.start)) { stage in
            try await MailSink.with { sink in
                try await Door.with(to: sink.port) { door in
                    let bench = try await Bench(stage.database, sink)
                    let users = (0..<30).map { "user\($0)" }
                    try await bench.know(users)
                    await door.shut()
                    try await bench.plan("receipt", to: users)
                    let log = LogRecorder(from: .notice)
                    let worker = try stage.worker("mailer", logger: log.logger)
                    let settings = try bench.settings(port: door.port)
                    try await stage.running(worker.services + [MailerService(worker: worker, settings: settings)]) {
                        try await eventually("it has tried twice") {
                            try await bench.texts("select 'x' from messages where attempt >= 2 limit 1").count == 1
                        }
                        #expect(try await bench.texts("select 'x' from messages where attempt > 3").isEmpty)
                        try await door.open()
                        try await eventually("all have gone", within: .seconds(30)) { sink.mails.count == users.count }
                    }
                    #expect(Set(sink.recipients).count == users.count)
                    #expect(try await bench.texts("select 'x' from messages where deferrals > 0").isEmpty)
                    let said = log.messages.filter { $0.contains("relay") }
                    #expect(said == ["the mail relay is away", "the mail relay is back"])
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(10))) func onShutdownOnlyWhatIsPastTheFenceIsFinished() async throws {
        let behaviour: @Sendable (MailSink.Moment) -> MailSink.Answer? = {
            if case .finalDot = $0 { .wait } else { nil }
        }
        try await TestStage.with(clock: .stepped(at: Bench.start)) { stage in
            try await MailSink.with(behaviour) { sink in
                let bench = try await Bench(stage.database, sink)
                let users = (0..<300).map { "user\($0)" }
                try await bench.know(users)
                try await bench.plan("receipt", to: users)
                let worker = try stage.worker("mailer")
                let settings = try bench.settings()
                let atTheDot = SiteWatch.share(of: settings.relays[0].server.maxConnections)
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    tasks.addTask {
                        try await stage.running(
                            worker.services + [MailerService(worker: worker, settings: settings)]
                        ) {
                            try await eventually("the relay is slow with all connections that one site may have") {
                                let dots = sink.moments.filter { if case .finalDot = $0 { true } else { false } }
                                return dots.count == atTheDot
                            }
                        }
                    }
                    tasks.addTask {
                        try await eventually("the others are planned again", within: .seconds(30)) {
                            let counts = try await bench.texts(
                                """
                                select concat_ws(' ', count(*) filter (where state = 'handed'),
                                    count(*) filter (where state = 'claimed'),
                                    count(*) filter (where state = 'planned' and attempt > 0) >= 100)
                                from messages
                                """)
                            return counts == ["\(atTheDot) 0 t"]
                        }
                        sink.release()
                    }
                    try await tasks.waitForAll()
                }
                #expect(sink.mails.count == atTheDot)
                let states = try await bench.texts("select distinct state from messages order by 1")
                #expect(states == ["accepted", "planned"])
                #expect(try await bench.claims() == 0)
            }
        }
    }
}
