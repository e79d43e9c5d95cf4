import Model
import Postgres
import ServiceRuntime
import Store
import Transit

/// Brings suppressions into the store: addresses that get no mail from now on.
///
/// One that stands is never changed, and none is ever taken away. Addresses of erased people are left out: mail to them is
/// stopped already, and they are not to be written down again.
struct SuppressionImport {
    private static let columns = ["address", "reason", "at"]
    private static let chunk = 500

    let workspace: WorkspaceRegister.Entry
    let store: CommandStore
    /// For what is said of erased people, which no workspace sees.
    let cell: CommandStore
    let key: ErasureKey?
    let now: Timestamp
    private(set) var summary: ImportSummary

    init(
        into workspace: WorkspaceRegister.Entry, store: CommandStore, key: ErasureKey?, now: Timestamp,
        summary: ImportSummary
    ) {
        self.workspace = workspace
        self.store = store
        cell = CommandStore(pool: store.pool, standing: .cell)
        self.key = key
        self.now = now
        self.summary = summary
    }

    mutating func bring(
        _ path: String, _ form: RecordOutput.Form, size: Int, skipping skipped: Int
    ) async throws {
        var file = try RecordFile(path, form) { columns throws(RecordFault) in
            guard let unknown = columns.first(where: { !Self.columns.contains($0) }) else { return }
            throw RecordFault("there is no column \"\(unknown)\"; columns are address, reason, at")
        }
        var progress = Progress("rows")
        defer { progress.end() }
        var (rows, row) = ([] as [Exports.Suppression], skipped)
        while let records = try file.next() {
            for record in records where record.isBehind(skipped) {
                row = record.row
                do throws(RecordFault) {
                    rows.append(try suppression(RecordFields(fields: try record.fields.get())))
                } catch {
                    try summary.reject(record.rejection(error))
                }
                if rows.count >= Self.chunk { try await keep(&rows) }
            }
            progress.show(summary.published, fraction: Double(file.position) / Double(max(1, size)))
            guard !Interruption.hasCome else {
                try await keep(&rows)
                throw ExitFault(code: .failures, message: "interrupted: go on with --skip \(row)")
            }
        }
        try await keep(&rows)
        summary.elapsed = progress.elapsed
    }

    private func suppression(_ fields: RecordFields) throws(RecordFault) -> Exports.Suppression {
        guard let address = try fields.address("address") else { throw RecordFault("address: is missing") }
        let reason = try fields.text("reason", limit: 64) ?? "all"
        guard Suppressions.reasons.contains(reason) else {
            throw RecordFault("reason: is none of \(Suppressions.reasons.joined(separator: ", "))")
        }
        return Exports.Suppression(address: address.comparedAddress, reason: reason, at: try fields.time("at") ?? now)
    }

    private mutating func keep(_ rows: inout [Exports.Suppression]) async throws {
        let (found, workspace, key) = (rows, workspace.id, key)
        guard !found.isEmpty else { return }
        let erased = try await cell.transaction { session in
            try Tombstones.orders(
                for: found.map { (workspace: workspace, address: $0.address) }, by: key, in: session)[workspace] ?? [:]
        }
        let living = found.filter { erased[$0.address] == nil }
        let added = try await store.transaction { try Suppressions.add(living, in: workspace, session: $0) }
        summary.published += added
        summary.known += found.count - added
        rows = []
    }
}
