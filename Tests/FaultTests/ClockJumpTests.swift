import Laboratory
import Postgres
import TestSupport
import Testing

/// The clocks of some machines are put an hour forward, then as far back, while all services work and some die: leases,
/// retries and the outbox hold, and what becomes of events and mails is the same.
@Suite(.serialized) struct ClockJumpTests {
    /// Whose clocks jump; each of the workers has a fellow whose clock does not.
    private static let jumping = ["ingest", "scoring-2", "scheduler-2", "mailer-2"]

    @Test(.timeLimit(.minutes(10)), .enabled(if: FaultLevel.current >= .lab, "deploy/dev test faults runs it"))
    func clocksThatJumpChangeNothing() async throws {
        let clock = try JumpingClock()
        let environment = try clock.environment()
        let settings = Dictionary(uniqueKeysWithValues: Self.jumping.map { ($0, environment) })
        try await Cluster.with(services: Cluster.workers(2), settings: settings, workspace: Shop.reminding) { cluster in
            let traffic = try await Traffic.flowing(through: cluster, readers: []) { traffic in
                for seconds: Int64 in [3600, -3600, 0] {
                    try clock.jump(by: seconds)
                    try await Self.work(cluster, traffic)
                    // What they leave behind bears the times of their clock.
                    for service in Self.jumping { try await cluster.killAndRestart(service) }
                    try await Self.work(cluster, traffic)
                }
            }
            let expected = await traffic.expected
            let recovery = try await cluster.drain(expecting: expected, within: .seconds(90))
            let account = try await cluster.account(expecting: expected)
            try FaultReport(
                fault: "clocks an hour off, and SIGKILL", point: "one of each service", workers: 2, account: account,
                recovery: recovery
            ).record()
            // Twice as many as the mailer had connections, each time that it died.
            account.expectClean(unknown: 3 * 8, "clocks that jump")
        }
    }

    /// Orders and mails go on.
    private static func work(_ cluster: Cluster, _ traffic: Traffic) async throws {
        let (orders, mails) = (await traffic.orders, try cluster.mail.mails().count)
        try await eventually("orders and mails go on", within: .seconds(60)) {
            guard await traffic.orders > orders + 20 else { return false }
            return try cluster.mail.mails().count > mails + 20
        }
    }
}
