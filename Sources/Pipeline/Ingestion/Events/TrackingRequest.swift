import Contracts
import CrashPoints
import Model
import Store

/// What a tracking call brings, once read.
struct TrackingRequest: Sendable {
    var drafts = DraftEvents()
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
                let (event, occurrence) = try reading.record(envelope, call: call)
                var request = TrackingRequest()
                request.drafts.append(event, occurrence)
                return request
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
        // What stands in a body beside the text of the members is less than their names and quotes in the request.
        request.drafts = DraftEvents(capacity: items.count, bytes: items.reduce(0) { $0 + $1.size })
        for (index, item) in items.enumerated() {
            do throws(ItemFault) {
                let (event, occurrence) = try record(item, call: nil)
                request.drafts.append(event, occurrence)
            } catch {
                request.rejected.append((index, error))
            }
            CrashPoint.ingestBetweenItems.pass()
        }
        return request
    }
}
