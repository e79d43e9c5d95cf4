import Contracts
import Messaging
import Model
import Postgres
import ServiceRuntime
import Store

/// Erases again who was erased before: in a store that was restored to a time when they were still there.
struct ErasingAgain: Sendable {
    let pool: PostgresPool
    /// Nil where none is set.
    let key: ErasureKey?

    private var cell: CommandStore { CommandStore(pool: pool, standing: .cell) }

    /// What RabbitMQ knows of erasures.
    ///
    /// - Throws: `MessagingError` where it is away; `ContractError` where a later build wrote what this one cannot read.
    static func records(_ broker: BrokerConfiguration) async throws -> [ErasureRecord] {
        try await Topology.read(.erasures, broker, patience: .seconds(60)).map { try ErasureRecord(decoding: $0) }
    }

    /// Puts up the tombstones first, so that nobody comes back meanwhile, and then erases whoever is there. Given again it goes
    /// on where it was interrupted.
    ///
    /// - Throws: `ExitFault` without a key.
    func erase(_ records: [ErasureRecord]) async throws -> [Erasing.Result] {
        guard !records.isEmpty else { return [] }
        guard let key else {
            throw ExitFault(
                code: .settings,
                message: """
                    LOODS_ERASURE_SECRET is missing: with it alone is known who of \(records.count.counted("erasure")) is in this \
                    store again
                    """)
        }
        try await cell.transaction { session in
            for record in records { try Erasures.recall(record, by: key, in: session) }
        }
        var results: [Erasing.Result] = []
        for entry in try await cell.transaction({ try WorkspaceRegister.all(in: $0) }) {
            let erasing = Erasing(workspace: entry, pool: pool, key: key)
            results += try await erasing.resume()
            for (contact, instant) in try await returned(of: records, in: entry.id, by: key) {
                results.append(try await erasing.erase(contact, asOf: instant))
            }
        }
        return results
    }

    private func returned(
        of records: [ErasureRecord], in workspace: WorkspaceID, by key: ErasureKey
    ) async throws -> [(key: ContactKey, value: Timestamp)] {
        guard records.contains(where: { $0.workspace == workspace }) else { return [] }
        var found: [ContactKey: Timestamp] = [:]
        var place: UniqueID?
        repeat {
            let (more, next) = try await cell.transaction { [place] session in
                try Erasures.returned(of: records, in: workspace, by: key, behind: place, session: session)
            }
            found.merge(more) { max($0, $1) }
            place = next
        } while place != nil
        return found.sorted { $0.key < $1.key }
    }
}
