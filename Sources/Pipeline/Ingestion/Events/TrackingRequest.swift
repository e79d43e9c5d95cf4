import Contracts
import CrashPoints
import Model
import Store

/// What a tracking call brings, once read.
struct TrackingRequest: Sendable {
    var drafts: [DraftEvent] = []
    /// Items of a batch that are not accepted, by their index.
    var rejected: [(index: Int, fault: ItemFault)] = []

    /// The write key in the body, where browsers put it.
    static func writeKey(in text: PaddedText, isBatch: Bool, limits: EdgeLimits) throws(EdgeError) -> String? {
        try TrackingText.read(text, isBatch: isBatch, limits: limits) { envelope, _ in envelope[.writeKey].string }
    }

    /// Reads a batch: what is wrong with one item concerns that item only.
    static func batch(
        _ text: PaddedText, key: WriteKey, limits: EdgeLimits, clients: ClientFacts? = nil,
        client: RequestClient = .unknown, freshID: @escaping () -> UniqueID
    ) throws(EdgeError) -> TrackingRequest {
        try TrackingText.read(text, isBatch: true, limits: limits) { envelope, items in
            EventReading(
                key: key, limits: limits, shared: BatchEnvelope(envelope, limits), clients: clients, client: client,
                freshID: freshID
            ).all(items)
        }
    }

    /// Reads a single call: what is wrong with it concerns the request.
    static func single(
        _ text: PaddedText, call: AcceptedEvent.Call, key: WriteKey, limits: EdgeLimits,
        clients: ClientFacts? = nil, client: RequestClient = .unknown, freshID: @escaping () -> UniqueID
    ) throws(EdgeError) -> TrackingRequest {
        try TrackingText.read(text, isBatch: false, limits: limits) { envelope, _ throws(EdgeError) in
            let reading = EventReading(
                key: key, limits: limits, clients: clients, client: client, freshID: freshID)
            do throws(ItemFault) {
                return TrackingRequest(drafts: [try reading.draft(envelope, call: call)])
            } catch {
                // Of a member that is too long the request is wrong; it is the whole that is too large.
                let isTooLarge = error.code == .tooLarge && error.field.isEmpty
                throw EdgeError(isTooLarge ? .tooLarge : .invalid, error.message, field: error.field)
            }
        }
    }
}

extension EventReading {
    fileprivate func all(_ items: [TrackingItem]) -> TrackingRequest {
        var request = TrackingRequest()
        request.drafts.reserveCapacity(items.count)
        for (index, item) in items.enumerated() {
            do throws(ItemFault) {
                request.drafts.append(try draft(item, call: nil))
            } catch {
                request.rejected.append((index, error))
            }
            CrashPoint.ingestBetweenItems.pass()
        }
        return request
    }
}
