internal import CLibPQ
import Logging

/// Receives the server's notices; belongs to one ``Wire`` and its thread.
final class NoticeSink {
    private let logger: Logger
    /// Whether the server has said that it ends the connection.
    private(set) var saysGoodbye = false

    init(logger: Logger) {
        self.logger = logger
    }

    /// The wire holds both the handle and this object, so the pointer stays valid.
    func listen(to handle: OpaquePointer) {
        PQsetNoticeReceiver(
            handle,
            { sink, notice in
                guard let sink, let notice else { return }
                Unmanaged<NoticeSink>.fromOpaque(sink).takeUnretainedValue().receive(notice)
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    private func receive(_ notice: OpaquePointer) {
        let sqlState = Self.field(notice, "C")
        let severity = Self.field(notice, "V")
        if Wire.saysGoodbye(sqlState, severity: severity) { saysGoodbye = true }
        logger.debug(
            "PostgreSQL sent a notice", metadata: ["sqlstate": "\(sqlState)", "severity": "\(severity)"])
    }

    private static func field(_ notice: OpaquePointer, _ code: Character) -> String {
        PQresultErrorField(notice, Int32(code.asciiValue ?? 0)).map { String(cString: $0) } ?? ""
    }
}
