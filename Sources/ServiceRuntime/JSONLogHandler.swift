public import Logging
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Writes each log entry as one JSON object on one line: `ts`, `level`, `service`, `message`, then the metadata.
///
/// The message is a constant sentence; data goes into the metadata.
public struct JSONLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    public var logLevel: Logger.Level

    private let service: String
    private let label: String
    private let write: @Sendable ([UInt8]) -> Void

    /// - Parameters:
    ///   - label: the logger's label; stands as `logger` where it differs from the service.
    ///   - write: takes one whole line, line break included.
    public init(
        service: String, label: String, level: Logger.Level, write: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.service = service
        self.label = label
        self.logLevel = level
        self.write = write
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var line = Array("{\"ts\":\"\(timestamp())\",\"level\":\"\(event.level)\"".utf8)
        line.appendMember("service", service)
        line.appendMember("message", event.message.description)
        if label != service { line.appendMember("logger", label) }
        var all = metadata
        if let provider = metadataProvider { all.merge(provider.get()) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        for key in all.keys.sorted() {
            line.append(UInt8(ascii: ","))
            line.appendJSON(string: Self.reserved.contains(key) ? key + "_" : key)
            line.append(UInt8(ascii: ":"))
            line.appendJSON(all[key]!)
        }
        if let error = event.error { line.appendMember("error", "\(error)") }
        line += Array("}\n".utf8)
        write(line)
    }

    private static let reserved: Set<String> = ["ts", "level", "service", "message", "logger", "error_"]
}

/// RFC 3339 in UTC, to the millisecond.
private func timestamp() -> String {
    Date.now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
}

extension [UInt8] {
    fileprivate mutating func appendMember(_ key: String, _ value: String) {
        append(UInt8(ascii: ","))
        appendJSON(string: key)
        append(UInt8(ascii: ":"))
        appendJSON(string: value)
    }

    fileprivate mutating func appendJSON(_ value: Logger.MetadataValue) {
        switch value {
        case .string(let text): appendJSON(string: text)
        case .stringConvertible(let number as any BinaryInteger): append(contentsOf: number.description.utf8)
        case .stringConvertible(let flag as Bool): append(contentsOf: flag.description.utf8)
        case .stringConvertible(let other): appendJSON(string: other.description)
        case .array(let elements):
            append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { append(UInt8(ascii: ",")) }
                appendJSON(element)
            }
            append(UInt8(ascii: "]"))
        case .dictionary(let members):
            append(UInt8(ascii: "{"))
            for (index, key) in members.keys.sorted().enumerated() {
                if index > 0 { append(UInt8(ascii: ",")) }
                appendJSON(string: key)
                append(UInt8(ascii: ":"))
                appendJSON(members[key]!)
            }
            append(UInt8(ascii: "}"))
        }
    }

    mutating func appendJSON(string text: String) {
        let digits = Array("0123456789abcdef".utf8)
        append(0x22)
        for byte in text.utf8 {
            switch byte {
            case 0x22, 0x5C: append(contentsOf: [0x5C, byte])
            case 0x0A: append(contentsOf: [0x5C, UInt8(ascii: "n")])
            case 0..<0x20:
                append(contentsOf: Array("\\u00".utf8))
                append(contentsOf: [digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            default: append(byte)
            }
        }
        append(0x22)
    }
}
