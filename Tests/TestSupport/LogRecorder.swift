public import Logging
import Synchronization

/// Keeps what a logger says.
public final class LogRecorder: Sendable {
    private let least: Logger.Level
    private let kept = Mutex<[(level: Logger.Level, message: String)]>([])

    /// - Parameter least: what is less than this is not kept.
    public init(from least: Logger.Level = .info) { self.least = least }

    /// The messages, in their order.
    public var messages: [String] { kept.withLock { $0.map(\.message) } }
    /// The same as `level: message`.
    public var entries: [String] { kept.withLock { $0.map { "\($0.level): \($0.message)" } } }
    /// The logger to hand to whom is tested.
    public var logger: Logger { Logger(label: "test") { _ in Handler(recorder: self, logLevel: self.least) } }

    private struct Handler: LogHandler {
        let recorder: LogRecorder
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            recorder.kept.withLock { $0.append((event.level, "\(event.message)")) }
        }
    }
}
