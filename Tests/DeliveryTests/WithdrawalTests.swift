import Contracts
import Model
import Postgres
import Store
import Synchronization
import TestSupport
import Testing
import Transit

/// Withdrawing through the link of a mail.
@Suite struct WithdrawalTests {
    private static func apply(_ withdrawal: RecordedWithdrawal, _ bench: Bench) async throws -> Withdrawals.Applied {
        try await bench.database.pool.withRepeatedTransaction { session in
            try Withdrawals.apply(withdrawal, now: Bench.start, in: session)
        }
    }

    private static func withdrawal(_ message: Message) -> RecordedWithdrawal {
        RecordedWithdrawal(
            contact: message.contact, message: message.id, topic: "offers", answeredAt: Bench.start, means: "one-click")
    }

    @Test func itStopsWhatIsPlannedAndAppliesOnce() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"])
            let message = try await bench.plan("offer", to: ["anne"], topic: "offers")[0]
            try await bench.send(to: "anne")
            try await bench.plan("receipt", to: ["anne"], topic: "offers")
            let first = try await Self.apply(Self.withdrawal(message), bench)
            let second = try await Self.apply(Self.withdrawal(message), bench)
            #expect(first.withdrawn == 1)
            #expect(first.event != nil)
            #expect(second.event == nil)
            #expect(try await bench.messages() == ["offer accepted", "receipt withdrawn"])
        }
    }

    @Test func itOutdoesAConsentDatedAhead() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"])
            let message = try await bench.plan("offer", to: ["anne"], topic: "offers")[0]
            try await bench.send(to: "anne")
            let key = bench.contact("anne")
            let ahead = Consents.Entry(
                contact: key, topic: "offers", address: "", at: Bench.start + .hours(1), eventID: "ahead",
                state: .given, wording: nil, source: "server")
            try await bench.database.pool.withTransaction { session in
                try Consents.append([ahead], now: Bench.start, in: session)
            }
            _ = try await Self.apply(Self.withdrawal(message), bench)
            let topics = try await bench.database.pool.withTransaction { session in
                try Consents.current(of: [key], in: session)[key, default: []].topics(givenAt: "anne@mail.example")
            }
            #expect(topics.isEmpty)
        }
    }

    @Test func itIsNotLostWhereTheContactMergesMeanwhile() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne", "bob"])
            let message = try await bench.plan("offer", to: ["bob"], topic: "offers")[0]
            try await bench.send(to: "bob")
            try await bench.plan("receipt", to: ["bob"], topic: "offers")
            let (anne, bob) = (bench.contact("anne"), bench.contact("bob"))
            let pool = try bench.database.pool(connections: 1)
            // The merge holds the locks while the withdrawal begins.
            let applying = Mutex<Task<Withdrawals.Applied, any Error>?>(nil)
            try await pool.withTransaction { session in
                try Contacts.lock([anne, bob], in: session)
                _ = try SendStates.lock([anne, bob], in: session)
                applying.withLock { $0 = Task { try await Self.apply(Self.withdrawal(message), bench) } }
                try session.waitForWaiter()
                try Merging.merge(bob, into: anne, now: Bench.start, in: session)
            }
            _ = try await applying.withLock { $0 }?.value
            #expect(try await bench.messages() == ["offer accepted", "receipt withdrawn"])
            let holders = try await bench.texts("select contact_id::text from consents where state = 'withdrawn'")
            #expect(holders == [anne.contact.description])
        }
    }
}
