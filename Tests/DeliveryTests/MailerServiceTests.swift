import Contracts
@testable import Delivery
import Laboratory
import Messaging
import Model
import Postgres
import Store
import TestSupport
import Testing
import Transit

/// Mailers as processes run them.
@Suite struct MailerServiceTests {
    @Test func twoMailersSendEachOfManyMessagesOnce() async throws {
        try await TestStage.with(clock: .stepped(at: Bench.start)) { stage in
            try await MailSink.with { sink in
                let bench = try await Bench(stage.database, sink)
                let users = (0..<500).map { "user\($0)" }
                try await bench.know(users)
                let messages = try await bench.plan("offer", to: users, topic: "offers")
                let workers = try (0..<2).map { try stage.worker("mailer \($0)") }
                let settings = try bench.settings()
                let services = workers.flatMap { worker in
                    worker.services + [
                        WithdrawalConsumer(worker: worker), MailerService(worker: worker, settings: settings),
                    ]
                }
                let bodies = stride(from: 0, to: 500, by: 25).map { start in
                    MessageHints(
                        hints: messages[start..<start + 25].map { .init(contact: $0.contact, message: $0.id) }
                    ).encoded
                }
                try await stage.running(services) {
                    try await stage.broker.publish(bodies + bodies.reversed(), to: .messages)
                    try await eventually("all are accepted, and told of") {
                        try await bench.texts(
                            """
                            select state from messages where state <> 'accepted'
                            union all select queue from outbox limit 1
                            """
                        ).isEmpty
                    }
                }
                #expect(sink.recipients.sorted() == users.map { "\($0)@mail.example" }.sorted())
                #expect(try await bench.claims() == 0)
                #expect(try await bench.bells() == 500)
                let told = try await stage.broker.take(from: .events).flatMap { try EventBatch(decoding: $0).events }
                #expect(told.map(\.name).allSatisfy { $0 == "Email Sent" })
                #expect(Set(told.map(\.eventID)).count == 500)
            }
        }
    }

    @Test func whatNoHintNamesIsFoundAndADeadMailersClaimIsReleased() async throws {
        try await TestStage.with(clock: .stepped(at: Bench.start)) { stage in
            try await MailSink.with { sink in
                let bench = try await Bench(stage.database, sink)
                try await bench.know(["anne", "bob"])
                try await bench.plan("offer", to: ["anne"], topic: "offers")
                try await bench.plan("receipt", to: ["bob"])
                let dead = try await bench.mailer()
                let batch = try await dead.claim([bench.contact("anne")])
                try await bench.database.pool.withTransaction { session in
                    _ = try Claims.hand(batch.messages.map(\.claimed), now: Bench.start, in: session)
                }
                // The host's clock is long past the lease, and the hints are late by it.
                let worker = try stage.worker("mailer")
                var settings = try bench.settings()
                settings.lease = .seconds(12)
                let service = MailerService(worker: worker, settings: settings)
                try await stage.running(worker.services + [service]) {
                    try await eventually("both have ended, and are told of") {
                        let unpublished = try await bench.texts("select queue from outbox")
                        return try await bench.messages() == ["offer unknown", "receipt accepted"]
                            && unpublished.isEmpty
                    }
                }
                #expect(sink.recipients == ["bob@mail.example"])
                let told = try await stage.broker.take(from: .events).flatMap { try EventBatch(decoding: $0).events }
                #expect(Set(told.map(\.name)) == ["Email Unknown", "Email Sent"])
            }
        }
    }

    @Test func withdrawalsComeByTheQueue() async throws {
        try await TestStage.with(clock: .stepped(at: Bench.start)) { stage in
            try await MailSink.with { sink in
                let bench = try await Bench(stage.database, sink)
                try await bench.know(["anne"])
                let sent = try await bench.plan("offer", to: ["anne"], topic: "offers")[0]
                try await bench.send(to: "anne")
                try await bench.plan("receipt", to: ["anne"], topic: "offers")
                let body = RecordedWithdrawal(
                    contact: sent.contact, message: sent.id, topic: "offers", answeredAt: Bench.start, means: "page"
                ).encoded
                let worker = try stage.worker("mailer")
                try await stage.running(worker.services + [WithdrawalConsumer(worker: worker)]) {
                    try await stage.broker.publish([body, body, Array("nonsense".utf8)], to: .withdrawals)
                    try await eventually("the withdrawal is applied and the nonsense set aside") {
                        let setAside = try await bench.texts("select queue from set_aside")
                        return try await bench.messages() == ["offer accepted", "receipt withdrawn"]
                            && setAside == ["withdrawals"]
                    }
                }
            }
        }
    }
}
