import Contracts
@testable import Delivery
import Laboratory
import Messaging
import Model
import Postgres
import SMTP
import Store
import TestSupport
import Testing
import Transit

/// Hosts whose clocks are wrong, or jump: nobody is mailed twice, nothing waits for ever, and what a mailer has in its hands
/// stays its own.
@Suite struct ClockJumpTests {
    @Test(arguments: [-60, 60] as [Int64])
    func aMailerAnHourOffTakesNothingOutOfAnothersHands(minutes: Int64) async throws {
        try await Bench.with { bench in
            try await bench.know(["anne", "bob"])
            try await bench.plan("receipt", to: ["anne", "bob"])
            // Both are in the middle of their exchange; one of the mailers dies there.
            let claims = try await [Self.hand("anne", bench), Self.hand("bob", bench)]
            let other = try await bench.mailer()
            bench.machine.advance(.minutes(minutes))
            let service = MailerService(worker: other.worker, settings: other.settings)
            for look in 0..<200 {
                // As mailers do that live, by a clock that is right.
                if look.isMultiple(of: 10) {
                    let end = Bench.start + .seconds(Int64(look) + 30)
                    let isHeld = try await bench.database.pool.withTransaction { session in
                        try Claims.renew(claims[0], until: end, in: session)
                    }
                    #expect(isHeld)
                }
                await service.release { true }
            }
            let states = try await bench.texts("select address || ' ' || state from messages order by 1")
            #expect(states == ["anne@mail.example handed", "bob@mail.example planned"], "a receipt is sent again")
            await other.relay.shutdown()
        }
    }

    /// Hands a user's messages over, without a word from the server so far.
    private static func hand(_ user: String, _ bench: Bench) async throws -> UniqueID {
        let mailer = try await bench.mailer()
        let batch = try await mailer.claim([bench.contact(user)])
        try await bench.database.pool.withTransaction { session in
            _ = try Claims.hand(batch.messages.map(\.claimed), now: Bench.start, in: session)
        }
        await mailer.relay.shutdown()
        return batch.claim
    }

    /// What a clock that ran far ahead put off is looked for by those that are right.
    @Test func whatWasPutOffByAClockFarAheadIsNotWaitedFor() async throws {
        try await TestStage.with(clock: .stepped(at: Bench.start)) { stage in
            try await MailSink.with { sink in
                let bench = try await Bench(stage.database, sink)
                try await bench.know(["anne"])
                try await bench.plan("receipt", to: ["anne"])
                // Deferred by a mailer in the year 2036.
                let mailer = try await bench.mailer()
                let batch = try await mailer.claim([bench.contact("anne")])
                try await bench.database.pool.withTransaction { session in
                    let retryAt = Bench.start + .days(3650) + .minutes(15)
                    _ = try Claims.settle(
                        batch.messages.map { ($0.claimed, .deferred(retryAt: retryAt), "451 later") }, now: Bench.start,
                        in: session)
                    try Claims.close(batch.claim, in: session)
                }
                let worker = try stage.worker("mailer", machineClock: MachineClock { Bench.start })
                let service = MailerService(worker: worker, settings: try bench.settings())
                try await stage.running(worker.services + [service]) {
                    try await eventually("it is sent") { try await bench.messages() == ["receipt accepted"] }
                }
                #expect(sink.recipients == ["anne@mail.example"])
            }
        }
    }

    /// A deferral of today is waited for.
    @Test func whatIsPutOffForHoursIsNotTriedBefore() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"])
            try await bench.plan("receipt", to: ["anne"])
            let mailer = try await bench.mailer()
            let batch = try await mailer.claim([bench.contact("anne")])
            try await bench.database.pool.withTransaction { session in
                let retryAt = Bench.start + .minutes(280)
                _ = try Claims.settle(
                    batch.messages.map { ($0.claimed, .deferred(retryAt: retryAt), "451 later") }, now: Bench.start,
                    in: session)
            }
            try await bench.send(to: "anne")
            #expect(bench.sink.recipients.isEmpty)
            bench.machine.advance(.minutes(281))
            try await bench.send(to: "anne")
            #expect(bench.sink.recipients == ["anne@mail.example"])
        }
    }
}
