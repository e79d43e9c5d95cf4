import Laboratory
import Postgres
import TestSupport
import Testing

/// Services stand still for a while, as on a machine that swaps or is moved, and then go on as if nothing had been.
@Suite(.serialized) struct FrozenServiceTests {
    /// Ingest alone answers clients, so it is frozen for as long as they wait at the most; the others, with a second of each
    /// at work meanwhile, for longer than a claim lasts.
    @Test(.timeLimit(.minutes(10)), .enabled(if: FaultLevel.current >= .lab, "deploy/dev test faults runs it"))
    func whoStoodStillGoesOn() async throws {
        let length = Duration.seconds(34)
        try await Cluster.with(services: Cluster.workers(2), workspace: Shop.reminding) { cluster in
            var expected = Expected()
            let readers = try await cluster.readers(0..<4, &expected)
            for reader in readers { expected.add("reminder", to: reader.customer) }
            let traffic = try await Traffic.flowing(through: cluster, readers: []) { traffic in
                try await eventually("orders flow") { await traffic.orders > 8 }
                try await cluster.post(readers.map { Shop.cart(of: $0.customer) })
                let frozen = ["scoring", "scheduler", "mailer"]
                for service in frozen { try await cluster.freeze(service) }
                let mails = try cluster.mail.mails().count
                try await eventually("the others go on", within: .seconds(60)) {
                    try cluster.mail.mails().count > mails + 8
                }
                try await lasting(length) {
                    try await cluster.freeze("ingest")
                    try await lasting(.seconds(2))
                    try await cluster.thaw("ingest")
                }
                for service in frozen { try await cluster.thaw(service) }
            }
            expected.add(await traffic.expected)
            let recovery = try await cluster.drain(carts: readers.count, expecting: expected)
            let account = try await cluster.account(expecting: expected)
            try FaultReport(
                fault: "freeze \(length.components.seconds) s", point: "each service under load", workers: 2,
                account: account, recovery: recovery
            ).record()
            account.expectClean(
                unknown: 16, "a mailer's hands may be full when it stands still for longer than a claim")
        }
    }
}
