import Logging
import Postgres
import Store
import Synchronization
import Transit

/// For a mailer that can make no postcards: whether any workspace sends some, so that it is said before a card waits.
final class CardWatch: Sendable {
    private let worker: Worker
    private let workspaces = Mutex<Int64>(0)

    init(worker: Worker) { self.worker = worker }

    /// In a sentence what waits here; nil where nobody sends postcards.
    var obstacle: String? {
        let count = workspaces.withLock { $0 }
        guard count > 0 else { return nil }
        let who = count == 1 ? "a workspace sends postcards" : "\(count) workspaces send postcards"
        return "\(who), and there is no Chromium here: they wait for a mailer that has it (install chromium, or set "
            + "LOODS_CHROMIUM)"
    }

    func run() async {
        await look()
        await every(.seconds(10)) { await look() }
    }

    func look() async {
        do {
            let count = try await worker.pool.withConnection { try Definitions.countWithPostcards(in: $0) }
            workspaces.withLock { $0 = count }
        } catch {
            worker.note(error, "whether workspaces send postcards is not known")
        }
    }
}
