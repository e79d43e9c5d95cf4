@testable import Delivery
import Model
import Postgres
import SMTP
import Store
import TestSupport
import Testing

/// A mailer without Chromium says so where a workspace sends postcards, before any card waits.
@Suite struct CardWatchTests {
    @Test func itIsSaidOnlyWherePostcardsAreSent() async throws {
        try await Bench.with { bench in
            let mailer = try await bench.mailer()
            let watch = CardWatch(worker: mailer.worker)
            await watch.look()
            #expect(watch.obstacle == nil)
            let files = Shop.files.merging(["postcards/thanks/postcard.yaml": "class: transactional\n"]) { $1 }
            try await bench.database.pool.withTransaction { session in
                let entry = try WorkspaceRegister.lock("shop", now: Bench.start, in: session)
                _ = try Definitions.store(files: files, for: entry, by: "test", now: Bench.start, in: session)
            }
            await watch.look()
            #expect(watch.obstacle?.hasPrefix("a workspace sends postcards, and there is no Chromium here") == true)
            try await bench.database.pool.withTransaction { session in
                let entry = try WorkspaceRegister.lock("shop", now: Bench.start, in: session)
                _ = try Definitions.store(files: Shop.files, for: entry, by: "test", now: Bench.start, in: session)
            }
            await watch.look()
            #expect(watch.obstacle == nil)
            await mailer.relay.shutdown()
        }
    }
}
