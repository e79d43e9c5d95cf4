import Foundation
import Glibc
import Model

/// A mail that the catcher has put into a file.
struct CaughtMail: Sendable {
    /// What our header says: the message's own id.
    var id: UniqueID
    var recipient: String
    /// When the file was written.
    var at: Timestamp

    /// The first lines are long enough for all headers of ours.
    private static let head = 4096

    /// - Throws: where the file cannot be read, or is no mail of ours.
    init(path: String) throws {
        let file = open(path, O_RDONLY)
        guard file >= 0 else { throw SystemFault("open") }
        defer { close(file) }
        let head = [UInt8](unsafeUninitializedCapacity: Self.head) { buffer, count in
            count = max(0, read(file, buffer.baseAddress, Self.head))
        }
        let lines = String(decoding: head, as: UTF8.self).split(whereSeparator: \.isNewline)
        func value(_ name: String) -> Substring? {
            lines.first { $0.hasPrefix(name) }.map { $0.dropFirst(name.count) }
        }
        guard let recipient = value("X-Envelope-To: "),
            let id = value("Message-ID: <").flatMap({ UniqueID(String($0.prefix { $0 != "@" })) })
        else { throw MeasurementFault("a mail at the catcher names no recipient, or no message: \(path)") }
        (self.id, self.recipient) = (id, String(recipient))
        let written = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
        at = Timestamp(microseconds: Int64((written ?? .distantPast).timeIntervalSince1970 * 1e6))
    }
}
