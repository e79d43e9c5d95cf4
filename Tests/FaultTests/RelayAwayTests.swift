import Laboratory
import Postgres
import TestSupport
import Testing

/// The mail server is away: mails wait for it, and nothing else does.
@Suite struct RelayAwayTests {
    @Test(.timeLimit(.minutes(10)), .enabled(if: FaultLevel.current >= .lab, "deploy/dev test faults runs it"))
    func mailsWaitForTheirServer() async throws {
        try await Cluster.with(workspace: Shop.reminding) { cluster in
            var expected = Expected()
            let readers = try await cluster.readers(0..<2, &expected)
            let traffic = try await Traffic.flowing(through: cluster, readers: readers) { traffic in
                try await eventually("orders flow") { await traffic.orders > 8 }
                try await cluster.mail.goAway()
                try await eventually("the mailer says so") {
                    try await cluster.timesLogged("the mail relay is away", by: "mailer") == 1
                }
                let before = await traffic.orders
                for reader in readers {
                    let answer = try await cluster.unsubscribe(
                        reader.unsubscribe, address: reader.address, topic: "offers")
                    #expect(answer == "applied")
                }
                try await cluster.post(readers.map { Shop.cart(of: $0.customer) })
                try await eventually("orders are accepted all the while") { await traffic.orders > before + 20 }
                try await cluster.mail.comeBack()
            }
            expected.add(await traffic.expected)
            let recovery = try await cluster.drain(carts: readers.count, expecting: expected)
            let account = try await cluster.account(expecting: expected)
            try FaultReport(
                fault: "mail server away", point: "under load", workers: 1, account: account, recovery: recovery
            ).record()
            account.expectClean(unknown: 8, "what was at its final dot when the mail server died")
            #expect(await traffic.badReads == [])
            let refused = "select count(*) from messages where state = 'refused' or deferrals > 0" as Query
            #expect(try await cluster.count(refused) == 0, "its absence is no failed attempt")
        }
    }
}
