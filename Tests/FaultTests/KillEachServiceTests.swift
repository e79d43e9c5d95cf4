import Laboratory
import Postgres
import TestSupport
import Testing

// How to add a scenario: one file, one suite, one scenario. Start a `Cluster` (of the size and with the settings you need),
// post events of the `Shop` and note in an `Expected` what they must lead to, do the damage, `drain`, take the
// `account`, `record()` a `FaultReport` row, and expect the account to be clean. What costs more than some seconds looks at
// `FaultLevel.current`: unset is the quarter that runs with all tests, `lab` is `deploy/dev test faults`, `all` is
// `deploy/dev test faults --all`. Random choices come from `Dice(seed: FaultLevel.seed)`, and the row tells the seed.

/// Every service is killed once with SIGKILL while events pour in; afterwards every event and every mail is accounted
/// for, by the mail server's own files.
@Suite(.serialized) struct KillEachServiceTests {
    private static let customers = 400

    @Test(.timeLimit(.minutes(10)))
    func nothingIsLostAndNothingComesTwice() async throws {
        let services = ["ingest", "scoring", "scoring-2", "scheduler", "mailer", "mailer-2"]
        try await Cluster.with(services: services, workspace: Shop.files) { cluster in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await Self.load(cluster) }
                group.addTask { try await Self.killEach(cluster) }
                try await group.waitForAll()
            }
            let recovery = try await cluster.drain(expecting: Self.expected, within: .seconds(90))
            let account = try await cluster.account(expecting: Self.expected)
            try FaultReport(
                fault: "kill", point: "each service once", workers: 2, account: account, recovery: recovery
            ).record()
            // Twice as many as it had connections.
            account.expectClean(unknown: 8, "only what was past its fence when the mailer died is unknown")
            #expect(try await cluster.contacts == Self.customers)
            #expect(try await cluster.count("select count(*) from runs where outcome = 'finished'") == Self.customers)
            let skipped = "select count(*) from messages where state = 'skipped' and reasons = 1" as Query
            #expect(
                try await cluster.count(skipped) == Self.customers / 2,
                "nobody is mailed without consent, and the reason is on record")
        }
    }

    private static func consents(_ customer: Int) -> [String] { customer.isMultiple(of: 2) ? ["offers"] : [] }

    private static var expected: Expected {
        (0..<customers).reduce(into: Expected()) { $0.add(customer: $1, consents: consents($1)) }
    }

    /// All customers, each batch sent twice as by a client that lost the answer.
    private static func load(_ cluster: Cluster) async throws {
        for start in stride(from: 0, to: customers, by: 10) {
            let batch = (start..<start + 10).flatMap { Shop.customer($0, consents: consents($0)) }
            try await cluster.post(batch)
            try await cluster.post(batch)
        }
    }

    /// Each service once, whenever another part of the mails has gone out.
    private static func killEach(_ cluster: Cluster) async throws {
        for (index, service) in ["scoring", "mailer", "ingest", "scheduler"].enumerated() {
            try await eventually("mails go out before \(service) is killed", within: .seconds(60)) {
                try cluster.mail.mails().count > index * 60
            }
            try await cluster.killAndRestart(service)
        }
    }
}
