import Contracts
import Model
import Postgres
import Scores

/// The rows of one transaction, column by column.
struct EventColumns: Sendable {
    var workspaces: [Int32] = []
    var subjects: [UniqueID] = []
    var times: [Timestamp] = []
    var eventIDs: [String] = []
    var calls: [Int16] = []
    var trusts: [Int16] = []
    var names: [String] = []
    var properties: [JSONBytes] = []
    var contexts: [JSONBytes] = []
    /// Points by contact and epoch, in the order of the key: the rows that scoring writes.
    private(set) var scores: [(subject: UniqueID, epoch: Int64, amount: Int64)] = []

    init(_ events: ArraySlice<AcceptedEvent>) {
        var sums: [UniqueID: [Int64: Int64]] = [:]
        for event in events {
            let subject = event.subjectID
            let time = event.sentTime ?? event.receivedAt
            workspaces.append(event.workspace.rawValue)
            subjects.append(subject)
            times.append(time)
            eventIDs.append(event.eventID)
            calls.append(Int16(event.call.rawValue))
            trusts.append(Int16(event.trust.rawValue))
            names.append(event.name)
            properties.append(JSONBytes(bytes: event.properties))
            contexts.append(JSONBytes(bytes: event.context))
            let term = EventStream.points(at: time)
            sums[subject, default: [:]][term.epoch, default: 0] += term.amount
        }
        scores = sums.flatMap { subject, sums in
            sums.map { (subject: subject, epoch: $0.key, amount: $0.value) }
        }.sorted { ($0.subject, $0.epoch) < ($1.subject, $1.epoch) }
    }
}

extension EventStream {
    /// What a page view gives in the workspaces of the benchmarks.
    static func points(at time: Timestamp) -> ScoreTerm {
        ScoreArithmetic.term(points: 1000, at: time, halfLife: .days(14), expiry: nil)
    }

    /// The stream in transactions of a thousand rows, shared out so that no two connections write the same contact.
    func columns(connections: Int) -> [[EventColumns]] {
        var shares = [[AcceptedEvent]](repeating: [], count: connections)
        for index in 0..<count {
            let event = accepted(index, in: WorkspaceID(rawValue: 1))
            shares[Int(event.subjectID.low % UInt64(connections))].append(event)
        }
        return shares.map { share in
            stride(from: 0, to: share.count, by: 1000).map { EventColumns(share[$0..<min($0 + 1000, share.count)]) }
        }
    }
}
