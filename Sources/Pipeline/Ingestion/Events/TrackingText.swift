import CJSON
import Contracts

/// A JSON value within a request's text.
struct JSONSlice {
    enum Kind: UInt8 {
        case absent = 0
        case null, bool, number, string, array, object
    }

    let kind: Kind
    let isEscaped: Bool
    /// The value as it stands in the text; a string's quotes included.
    let text: UnsafeBufferPointer<UInt8>

    init(_ slice: loods_json_slice, in text: UnsafePointer<UInt8>) {
        kind = Kind(rawValue: slice.kind) ?? .absent
        isEscaped = slice.escaped != 0
        self.text = UnsafeBufferPointer(start: text + Int(slice.offset), count: Int(slice.length))
    }

    /// A string's value; nil for every other kind.
    var string: String? {
        guard kind == .string else { return nil }
        return isEscaped ? JSONEscapes.resolved(content) : String(decoding: content, as: UTF8.self)
    }

    /// The same, left where it stands unless it has escapes.
    var standing: EventRecord.Text? {
        guard kind == .string else { return nil }
        return isEscaped ? EventRecord.Text(JSONEscapes.resolved(content)) : .standing(content)
    }

    private var content: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: text.baseAddress.map { $0 + 1 }, count: text.count - 2)
    }

    var isMissing: Bool { kind == .absent || kind == .null }
}

/// One event's members as they stand in the text, valid only while it is, and what was read of it.
struct TrackingItem {
    let event: UnsafePointer<loods_json_event>
    let text: UnsafePointer<UInt8>
    let paths: UnsafePointer<CChar>?

    subscript(field: Field) -> JSONSlice { JSONSlice(loods_json_field(event, field.rawValue), in: text) }

    var size: Int { Int(event.pointee.whole.length) }

    /// What of the item the store could not hold.
    var fault: ItemFault? {
        let code: ItemFault.Code
        switch Int(event.pointee.fault) {
        case LOODS_JSON_NOT_AN_OBJECT: return ItemFault(.invalid, "an event is an object", field: "batch")
        case LOODS_JSON_TOO_DEEP: code = .tooDeep
        case LOODS_JSON_NUL: code = .nul
        case LOODS_JSON_LONE_SURROGATE: code = .loneSurrogate
        case LOODS_JSON_NUMBER_RANGE: code = .numberRange
        default: return nil
        }
        return ItemFault(code, code.sentence, field: faultPath)
    }

    private var faultPath: String {
        guard let paths else { return "" }
        let raw = UnsafeRawBufferPointer(
            start: paths + Int(event.pointee.path_offset), count: Int(event.pointee.path_length))
        return String(decoding: raw, as: UTF8.self)
    }

    /// The members that the edge reads; their order is that of `CJSON.h`.
    enum Field: Int32 {
        case type, event, name, category, userID, anonymousID, previousID, groupID, messageID, timestamp, sentAt,
            writeKey
        case properties, traits, context, propertiesEmail, traitsEmail, contextTraitsEmail
        case contextIP, contextUserAgent, contextDevice, contextOS, contextBrowser, contextLocation, contextBot
    }
}

/// The text of a tracking call, read in one pass.
enum TrackingText {
    /// Reads `text` and hands its envelope and, of a batch, its items to `body`.
    ///
    /// - Throws: `.malformed` for what is not JSON of the right outer form, `.tooLarge` for too many items; what `body`
    ///   throws.
    static func read<Result>(
        _ text: PaddedText, isBatch: Bool, limits: EdgeLimits,
        _ body: (_ envelope: TrackingItem, _ items: [TrackingItem]) throws(EdgeError) -> Result
    ) throws(EdgeError) -> Result {
        var outcome: Swift.Result<Result, EdgeError> = .failure(EdgeError(.malformed, "the body is empty"))
        text.bytes.withUnsafeBufferPointer { bytes in
            guard let start = bytes.baseAddress else { return }
            do throws(EdgeError) {
                outcome = .success(try read(start, text.count, isBatch: isBatch, limits: limits, body))
            } catch {
                outcome = .failure(error)
            }
        }
        return try outcome.get()
    }

    private static func read<Result>(
        _ text: UnsafePointer<UInt8>, _ count: Int, isBatch: Bool, limits: EdgeLimits,
        _ body: (_ envelope: TrackingItem, _ items: [TrackingItem]) throws(EdgeError) -> Result
    ) throws(EdgeError) -> Result {
        var document = loods_json_document()
        let status = Int(
            loods_json_read(text, count, isBatch ? 1 : 0, limits.events, limits.depth, &document))
        if let error = error(status, limits) { throw error }
        return try withUnsafePointer(to: document.envelope) { envelope throws(EdgeError) in
            let items: [TrackingItem] =
                document.events.map { first in
                    (0..<document.count).map { TrackingItem(event: first + $0, text: text, paths: document.paths) }
                } ?? []
            return try body(TrackingItem(event: envelope, text: text, paths: document.paths), items)
        }
    }

    private static func error(_ status: Int, _ limits: EdgeLimits) -> EdgeError? {
        switch status {
        case LOODS_JSON_OK: nil
        case LOODS_JSON_ENCODING: EdgeError(.malformed, "the body is not UTF-8")
        case LOODS_JSON_NO_OBJECT: EdgeError(.malformed, "the body is not a JSON object")
        case LOODS_JSON_NO_BATCH: EdgeError(.malformed, "an array is missing", field: "batch")
        case LOODS_JSON_TOO_MANY: EdgeError(.tooLarge, "a batch holds at most \(limits.events) events", field: "batch")
        case LOODS_JSON_NO_MEMORY: EdgeError(.unavailable, "no memory to read the body")
        default: EdgeError(.malformed, "the body is not JSON")
        }
    }
}
