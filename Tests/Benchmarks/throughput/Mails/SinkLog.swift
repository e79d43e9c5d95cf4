import Foundation

/// What Postfix's sink says of the mails that it took: `… mesg=N`, again and again.
struct SinkLog: Sendable {
    let path: String

    func count() throws -> Int {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? file.close() }
        let end = try file.seekToEnd()
        try file.seek(toOffset: end > 200 ? end - 200 : 0)
        let text = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
        return text.components(separatedBy: "mesg=").compactMap { Int($0.prefix { $0.isNumber }) }.last ?? 0
    }
}
