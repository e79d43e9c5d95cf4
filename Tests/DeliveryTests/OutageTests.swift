import Contracts
@testable import Delivery
import Laboratory
import Messaging
import Model
import Postgres
import SMTP
import ServiceLifecycle
import Store
import TestSupport
import Testing
import Transit

/// After an outage of the store, what was recorded meanwhile goes before marketing (promise 5).
@Suite struct OutageTests {
    private static func worker(_ name: String, _ url: String, _ stage: TestStage) throws -> Worker {
        Worker(
            pool: PostgresPool(
                try PostgresConfiguration(url: url, applicationName: "loods-tests", poolSize: 2),
                logger: TestEnvironment.quiet),
            broker: stage.broker.configuration, clockMode: .stepped, clock: .host, logger: TestEnvironment.quiet,
            sweeps: false)
    }

    /// Runs mailers as processes do.
    private static func running(
        _ workers: [Worker], _ stage: TestStage, _ bench: Bench, _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let settings = try bench.settings()
        let services = workers.flatMap { worker in
            worker.services + [
                WithdrawalConsumer(worker: worker), MailerService(worker: worker, settings: settings),
            ]
        }
        try await stage.running(services, body)
    }

    /// Users who have had an offer, through whose link they withdraw.
    private static func withOffer(_ users: [String], _ bench: Bench) async throws -> [[UInt8]] {
        try await bench.know(users)
        let sent = try await bench.plan("offer", to: users, topic: "offers")
        let mailer = try await bench.mailer()
        try await mailer.send(users.map(bench.contact))
        await mailer.relay.shutdown()
        return sent.map { message in
            RecordedWithdrawal(
                contact: message.contact, message: message.id, topic: "offers", answeredAt: Bench.start,
                means: "one-click"
            ).encoded
        }
    }

    private static func states(of template: String, _ bench: Bench) async throws -> Set<String> {
        Set(try await bench.texts("select state from messages where template = \(template)"))
    }

    @Test(.timeLimit(.minutes(10))) func whatWasRecordedMeanwhileGoesBeforeMarketing() async throws {
        try await TestStage.with(clock: .stepped(at: Bench.start)) { stage in
            try await Door.with(to: stage.database) { door, url in
                try await MailSink.with { sink in
                    let bench = try await Bench(stage.database, sink)
                    let users = (0..<40).map { "user\($0)" }
                    let withdrawals = try await Self.withOffer(users, bench)
                    let workers = try ["a", "b"].map { try Self.worker($0, url, stage) }
                    try await Self.running(workers, stage, bench) {
                        for round in 0..<4 {
                            let group = Array(users[(round * 10)..<(round * 10 + 10)])
                            // Both are at work: their gates are open.
                            try await bench.know(["x\(round)"])
                            try await bench.plan("news", to: ["x\(round)"], topic: "offers")
                            try await eventually("marketing goes") {
                                sink.recipients.contains("x\(round)@mail.example")
                                    && sink.mails.filter { $0.header("Subject") == "News" }.count == round + 1
                            }
                            await door.shut()
                            try await stage.broker.publish(
                                Array(withdrawals[(round * 10)..<(round * 10 + 10)]), to: .withdrawals)
                            // The consumer holds them, and the queue looks empty.
                            try await eventually("they are in a mailer's hands") {
                                try await stage.broker.ready(in: .withdrawals) == 0
                            }
                            try await bench.plan("news", to: group, topic: "offers")
                            try await bench.plan("receipt", to: group)
                            try await door.open()
                            try await eventually("all has ended") {
                                let open = try await bench.texts(
                                    "select state from messages where state in ('planned', 'claimed', 'handed')")
                                return open.isEmpty
                            }
                        }
                    }
                    let news = sink.mails.filter { $0.header("Subject") == "News" }.map(\.recipient)
                    #expect(Set(news) == Set((0..<4).map { "x\($0)@mail.example" }))
                    #expect(try await Self.states(of: "news", bench) == ["accepted", "withdrawn"])
                    #expect(try await Self.states(of: "receipt", bench) == ["accepted"])
                }
            }
        }
    }

    /// The count of what waits says nothing about what others hold.
    @Test(.timeLimit(.minutes(10))) func whatAnotherMailerHoldsWhoseStoreStaysAwayGoesBeforeToo() async throws {
        try await TestStage.with(clock: .stepped(at: Bench.start)) { stage in
            try await Door.with(to: stage.database) { own, ownURL in
                try await Door.with(to: stage.database) { others, othersURL in
                    try await MailSink.with { sink in
                        let bench = try await Bench(stage.database, sink)
                        let withdrawals = try await Self.withOffer(["anne"], bench)
                        let other = try Self.worker("other", othersURL, stage)
                        let mailer = try Self.worker("own", ownURL, stage)
                        try await stage.running(other.services + [WithdrawalConsumer(worker: other)]) {
                            try await eventually("the other is the queue's consumer") {
                                try await Topology.depths(stage.broker.configuration)
                                    .contains { $0.queue == .withdrawals && $0.consumers == 1 }
                            }
                            let shut = ContinuousClock.now
                            await others.shut()
                            await own.shut()
                            try await stage.broker.publish(withdrawals, to: .withdrawals)
                            try await eventually("it is in the other's hands") {
                                try await stage.broker.ready(in: .withdrawals) == 0
                            }
                            try await bench.plan("news", to: ["anne"], topic: "offers")
                            try await bench.plan("receipt", to: ["anne"])
                            try await own.open()
                            try await Self.running([mailer], stage, bench) {
                                try await eventually("the transactional mail goes meanwhile") {
                                    sink.mails.contains { $0.header("Subject") == "Receipt for anne" }
                                }
                                let states = try await Self.states(of: "news", bench)
                                let isHeld = ContinuousClock.now - shut < WithdrawalConsumer.patience
                                #expect(states == ["planned"] || !isHeld && states == ["withdrawn"])
                                try await eventually("the other has given it back") {
                                    try await Self.states(of: "news", bench) == ["withdrawn"]
                                }
                            }
                        }
                        #expect(!sink.mails.contains { $0.header("Subject") == "News" })
                    }
                }
            }
        }
    }

    @Test func aClaimWhileTheGateIsShutLeavesMarketingToBeLookedForAtOnce() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"])
            try await bench.plan("news", to: ["anne"], topic: "offers")
            try await bench.plan("receipt", to: ["anne"])
            let mailer = try await bench.mailer()
            let due: @Sendable (Bool) async throws -> [ContactKey] = { withTopic in
                try await bench.database.pool.withTransaction { session in
                    try Claims.duePage(
                        now: Bench.start, machineNow: bench.machine.now, withTopic: withTopic, limit: 10, in: session
                    ).contacts
                }
            }
            #expect(try await due(true) == [], "their hints are not late")
            let batch = try await mailer.desk.claim([bench.contact("anne")], withTopic: false)
            #expect(batch.messages.map(\.claimed.message.template) == ["receipt"])
            #expect(try await due(true) == [bench.contact("anne")])
            #expect(try await due(false) == [])
            await mailer.room.send(batch)
            await mailer.relay.shutdown()
            #expect(try await bench.messages() == ["news planned", "receipt accepted"])
        }
    }

    @Test func marketingThatWasClaimedBeforeAnOutageIsNotHandedAfterIt() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"])
            try await bench.plan("news", to: ["anne"], topic: "offers")
            let mailer = try await bench.mailer()
            let batch = try await mailer.claim([bench.contact("anne")])
            await mailer.gate.close()
            await mailer.room.send(batch)
            await mailer.relay.shutdown()
            #expect(bench.sink.mails.isEmpty)
            #expect(try await bench.messages() == ["news planned"])
        }
    }

    /// The store stalls at the fence for longer than the edge waits for a withdrawal, and then goes on as if nothing were.
    @Test func whatAStalledFenceLetsThroughGoesBack() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"])
            try await bench.plan("news", to: ["anne"], topic: "offers")
            try await bench.plan("receipt", to: ["anne"])
            let mailer = try await bench.mailer(patience: GuardedStore.Patience())
            let batch = try await mailer.claim([bench.contact("anne")])
            let (held, hold) = AsyncStream.makeStream(of: Void.self)
            let (key, pool) = (bench.contact("anne"), bench.database.pool)
            async let stall: Void = pool.withTransaction { session in
                _ = try SendStates.lock([key], in: session)
                hold.finish()
                try session.waitForWaiter()
                try session.execute("select pg_sleep(2.8)")
            }
            for await _ in held {}
            await mailer.room.send(batch)
            try await stall
            await mailer.relay.shutdown()
            #expect(bench.sink.mails.map { $0.header("Subject") } == ["Receipt for anne"])
            #expect(try await bench.messages() == ["news planned", "receipt accepted"])
            #expect(await !mailer.gate.isOpen)
        }
    }

    @Test func aGateThatIsClosedAgainMeanwhileStaysClosed() async throws {
        try await Bench.with { bench in
            let gate = try await bench.mailer().gate
            await gate.close()
            let closings = await gate.closings
            await gate.close()
            await gate.open(after: closings)
            #expect(await !gate.isOpen)
            await gate.open(after: closings + 1)
            #expect(await gate.isOpen)
        }
    }

    @Test func whoeverFindsTheStoreAwayClosesTheGate() async throws {
        try await Bench.with { bench in
            try await Door.with(to: bench.database) { door, url in
                let pool = PostgresPool(
                    try PostgresConfiguration(url: url, applicationName: "loods-tests", poolSize: 1),
                    logger: TestEnvironment.quiet)
                let mailer = try await bench.mailer()
                let (gate, lineage) = (mailer.gate, mailer.lineage)
                let store = GuardedStore(pool: pool, gate: gate, lineage: lineage)
                _ = try await store.statement { try $0.execute("select 1") }
                await gate.open(after: await gate.closings)
                _ = try await store.statement { try $0.execute("select 1") }
                #expect(await gate.isOpen)
                await door.shut()
                _ = try? await store.statement { try $0.execute("select 1") }
                #expect(await !gate.isOpen)
                #expect(await !lineage.isAccepted)
                await pool.close()
            }
        }
    }
}
