import Contracts
import Model
import Postgres

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
    /// Points by contact, in the order of the key.
    private(set) var scores: [(subject: UniqueID, amount: Int64)] = []

    init(_ events: ArraySlice<AcceptedEvent>) {
        var sums: [UniqueID: Int64] = [:]
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
            sums[subject, default: 0] += 256_000
        }
        scores = sums.map { ($0, $1) }.sorted { $0.0 < $1.0 }
    }
}

extension EventStream {
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
