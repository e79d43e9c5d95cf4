import Contracts
import Model
import Store

@testable import Ingestion

/// Bodies of the event API, gzip, and the bytes between processes.
///
/// Whatever is accepted the model can read, and comes back from its bytes as it was.
enum EventFuzzing {
    private static let limits = EdgeLimits()
    private static let receipt = Timestamp(seconds: 1_772_442_000)

    static func run(_ input: Input) {
        var input = input
        let choice = input.choice()
        let trust: AcceptedEvent.Trust = choice & 1 == 0 ? .server : .publicKey
        let key = WriteKey(workspace: WorkspaceID(rawValue: 1), name: "k", trust: trust)
        let text = PaddedText(Array(input.bytes))
        switch choice >> 1 & 7 {
        case 0, 1, 2, 3:
            check((try? TrackingRequest.batch(text, key: key, limits: limits, freshID: freshID)) ?? TrackingRequest())
        case 4:
            for call in AcceptedEvent.Call.allCases {
                check(
                    (try? TrackingRequest.single(text, call: call, key: key, limits: limits, freshID: freshID))
                        ?? TrackingRequest())
            }
        case 5: _ = try? TrackingRequest.writeKey(in: text, isBatch: choice & 16 == 0, limits: limits)
        case 6: inflate(input.bytes)
        default: decode(Array(input.bytes))
        }
    }

    private static func freshID() -> UniqueID { .derived("fuzz") }

    private static func check(_ request: TrackingRequest) {
        let events = request.drafts.map { $0.received(at: receipt) }
        for event in events {
            hold((try? JSON(parsing: event.properties))?.object != nil, "properties that no reader takes")
            hold((try? JSON(parsing: event.context))?.object != nil, "a context that no reader takes")
            for text in [event.eventID, event.name] + event.aliases.map(\.value) {
                hold(!text.utf8.contains(0) && text.utf8.count <= 255 * 3, "a name that the store cannot hold")
            }
            // 4713 BC to the year 294276.
            let times = -200_000_000_000_000_000...9_000_000_000_000_000_000 as ClosedRange<Int64>
            hold(times.contains(event.at.microseconds), "a time that the store cannot hold")
        }
        let batch = EventBatch(id: .derived("fuzz"), events: events)
        hold((try? EventBatch(decoding: batch.encoded))?.events == events, "events change on their way")
        let group = GroupBodies([(drafts: request.drafts, receivedAt: receipt)], limit: .max, freshID: freshID)
        hold(group.bodies.allSatisfy { $0.encoded(stamp: nil) == batch.encoded }, "the edge writes other bytes")
    }

    private static func inflate(_ bytes: ArraySlice<UInt8>) {
        guard let plain = try? Gunzip.inflate(bytes, limit: limits.body, ratio: limits.inflation) else { return }
        hold(plain.count <= limits.body, "more came out than may")
    }

    private static func decode(_ bytes: [UInt8]) {
        if let batch = try? EventBatch(decoding: bytes) {
            hold((try? EventBatch(decoding: batch.encoded)) != nil, "a batch that cannot be read again")
        }
        _ = try? SignalBatch(decoding: bytes)
        _ = try? MessageHints(decoding: bytes)
        _ = try? RecordedWithdrawal(decoding: bytes)
        _ = try? WithdrawalBarrier(decoding: bytes)
    }
}
