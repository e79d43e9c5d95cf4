import CrashPoints
import Laboratory
import Postgres
import TestSupport
import Testing

/// A process stands still wherever it is, for longer than its leases last, and then goes on as if nothing had been: the
/// others have done its work meanwhile, and what it does now changes nothing.
@Suite struct FreezeTests {
    private static let services = Cluster.workers(2)

    static let places: [CrashRound] = {
        let all: [CrashRound] = [
            CrashRound(point: .mailerAfterHanded, service: "mailer"),
            CrashRound(point: .mailerAfterClaim, service: "mailer"),
            CrashRound(point: .schedulerBeforeCommit, service: "scheduler"),
            CrashRound(point: .mailerPrepared, service: "mailer"),
            CrashRound(point: .mailerAfterDot, service: "mailer"),
            CrashRound(point: .mailerAfterReply, service: "mailer"),
            CrashRound(point: .outboxBeforePublish, service: "scoring"),
        ]
        switch FaultLevel.current {
        case .quarter: return Array(all.prefix(2))
        case .lab: return all
        case .all:
            let consumers: [CrashPoint] = [.scoringBeforeCommit, .consumerBeforeAck, .consumerAfterDelivery]
            return all + consumers.map { CrashRound(point: $0, service: "scoring") }
        }
    }()

    @Test(.timeLimit(.minutes(10)))
    func whoStoodStillChangesNothing() async throws {
        try await Cluster.with(
            services: Self.services, settings: ["mailer": ["LOODS_CLAIM_LEASE": "2s"]], workspace: Shop.files
        ) { cluster in
            var expected = Expected()
            var unknown = 0
            for (number, place) in Self.places.enumerated() {
                let left = try await Self.play(place, cluster, customers: number * 12..<(number + 1) * 12, &expected)
                let account = try await cluster.account(expecting: expected)
                var row = FaultReport(
                    fault: "freeze", point: place.name, workers: 2, account: account, recovery: left)
                row.unknown -= unknown
                try row.record()
                // What was at its final dot when the process stood still.
                unknown += place.service == "mailer" ? min(row.unknown, 4) : 0
                account.expectClean(unknown: unknown, "frozen at \(place.name)")
            }
        }
    }

    /// One process stands still; the other does all the work; the first goes on.
    ///
    /// - Returns: how long the other took.
    private static func play(
        _ place: CrashRound, _ cluster: Cluster, customers: Range<Int>, _ expected: inout Expected
    ) async throws -> Duration {
        try await cluster.replace([place.service], with: ["LOODS_FREEZE_POINT": place.point.name])
        let frozen = try await cluster.process(place.service)
        for start in stride(from: customers.lowerBound, to: customers.upperBound, by: 2) {
            let numbers = start..<min(start + 2, customers.upperBound)
            for number in numbers { expected.add(customer: number, consents: ["offers"]) }
            try await cluster.post(numbers.flatMap { Shop.customer($0, consents: ["offers"]) })
        }
        try await frozen.waitUntilStopped(within: .seconds(60))
        // Where it holds locks, PostgreSQL lets go of them after 10 s; where it is the one that takes recorded withdrawals,
        // the broker must miss it first: two heartbeats of 20 s.
        let left = try await cluster.drain(expecting: expected, within: .seconds(90))
        try await cluster.thaw(place.service)
        // A graceful end is the sign that it has done whatever it was about to do.
        try await cluster.replace([place.service])
        try await cluster.drain(expecting: expected)
        return left
    }
}
