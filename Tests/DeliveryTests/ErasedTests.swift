@testable import Delivery
import Model
import Postgres
import SMTP
import SendGate
import Store
import TestSupport
import Testing

/// Mail to somebody who was erased stays stopped, until the person who came back consents.
@Suite struct ErasedTests {
    private static func erase(_ bench: Bench, at time: Timestamp) async throws {
        let anne = bench.contact("anne")
        _ = try await bench.database.pool.withTransaction { session in
            try Standing.cell.take(in: session)
            return try Erasures.begin(
                with: anne, by: Bench.erasureKey, askedBy: "test", id: .derived("erasure"), now: time, in: session)
        }
    }

    private static func consent(_ bench: Bench, at time: Timestamp) async throws {
        let entry = Consents.Entry(
            contact: bench.contact("anne"), topic: "offers", address: "anne@mail.example", at: time, eventID: "new",
            state: .given, wording: "Yes", source: "test")
        try await bench.database.pool.withTransaction { try Consents.append([entry], now: time, in: $0) }
    }

    @Test func marketingWaitsForANewConsent() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"])
            try await Self.erase(bench, at: Bench.start - .hours(1))
            // She is known again, by what somebody still had of her.
            try await bench.know(["anne"])
            try await bench.plan("offer", to: ["anne"], topic: "offers")
            try await bench.plan("receipt", to: ["anne"])
            try await bench.send(to: "anne")
            #expect(try await bench.messages() == ["offer skipped", "receipt accepted"])
            let reasons = try await bench.texts("select reasons::text from messages where template = 'offer'")
            #expect(reasons == ["\(Reasons.suppressed.rawValue)"])
        }
    }

    @Test func withOneItGoes() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"])
            try await Self.erase(bench, at: Bench.start - .hours(1))
            try await bench.know(["anne"], consenting: [])
            try await Self.consent(bench, at: Bench.start - .minutes(30))
            try await bench.plan("offer", to: ["anne"], topic: "offers")
            try await bench.send(to: "anne")
            #expect(try await bench.messages() == ["offer accepted"])
        }
    }

    @Test func aComplaintOutlivesTheErasureAndTheConsent() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"])
            _ = try await bench.database.pool.withTransaction { session in
                try session.execute(
                    """
                    insert into suppressions (workspace_id, address, reason, at)
                    values (\(bench.workspace), 'anne@mail.example', 'complaint', \(Bench.start))
                    """)
            }
            try await Self.erase(bench, at: Bench.start - .hours(1))
            #expect(try await bench.texts("select address from suppressions").isEmpty)
            try await bench.know(["anne"], consenting: [])
            try await Self.consent(bench, at: Bench.start - .minutes(30))
            try await bench.plan("offer", to: ["anne"], topic: "offers")
            try await bench.send(to: "anne")
            #expect(try await bench.messages() == ["offer skipped"])
        }
    }

    @Test func whoComesBackUnderAnotherSpellingOfTheDomainIsKnown() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"], at: "bücher.example")
            try await Self.erase(bench, at: Bench.start - .hours(1))
            try await bench.know(["anne"], at: "xn--bcher-kva.example")
            try await bench.plan("offer", to: ["anne"], topic: "offers")
            try await bench.send(to: "anne")
            #expect(try await bench.messages() == ["offer skipped"])
        }
    }

    /// A mailer that has the messages in hand hands none of them over.
    @Test func whatWasClaimedBeforeIsNotHanded() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"])
            try await bench.plan("receipt", to: ["anne"])
            let mailer = try await bench.mailer()
            let batch = try await mailer.claim([bench.contact("anne")])
            #expect(batch.messages.count == 1)
            try await Self.erase(bench, at: Bench.start)
            await mailer.room.send(batch)
            #expect(bench.sink.mails.isEmpty)
            await mailer.relay.shutdown()
        }
    }
}
