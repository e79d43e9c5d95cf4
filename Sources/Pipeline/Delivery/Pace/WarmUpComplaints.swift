import Model
import Pacing
import Postgres
import Store
import Transit
import Workspaces

/// Complaints as the warm-ups see them that the mails counted for.
enum WarmUpComplaints {
    /// Counts them for the day on which they are heard of.
    static func note(
        _ returns: [ReturnedMails.Return], _ definitions: DefinitionsCache, in session: PostgresSession
    ) throws {
        let complaints = returns.filter { $0.failure.kind == ReturnedMails.Return.complaint }
        guard !complaints.isEmpty else { return }
        let live = try definitions.live(Set(complaints.map(\.mail.message.contact.workspace)), in: session)
        var counts: [SendQuotas.Key: Int64] = [:]
        for mail in complaints.map(\.mail) {
            let workspace = mail.message.contact.workspace
            guard let live = live[workspace], let address = mail.address,
                let line = PaceGate.line(of: mail.message, to: address, live, live)
            else { continue }
            for bucket in live.pace.buckets(of: line) where bucket.warmUp != nil {
                counts[SendQuotas.Key(workspace: workspace, bucket: bucket.name), default: 0] += 1
            }
        }
        guard !counts.isEmpty else { return }
        var entries = try SendQuotas.lock([], known: Set(counts.keys), in: session)
        for (key, count) in counts { entries[key]?.progress.complaints += count }
        try SendQuotas.write(entries, in: session)
    }
}
