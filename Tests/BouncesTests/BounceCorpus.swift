import Bounces
import Foundation

/// Real mails that came back, with what others say of them: `LOODS_TEST_DATA`.
enum BounceCorpus {
    static let folder = ProcessInfo.processInfo.environment["LOODS_TEST_DATA"].map { URL(fileURLWithPath: $0) }

    static var isThere: Bool {
        ["sisimai-bounces", "flufl-bounce"].allSatisfy { name in
            folder.map { FileManager.default.fileExists(atPath: $0.appending(path: name).path) } ?? false
        }
    }

    static func mails(_ path: String) throws -> [(name: String, bytes: [UInt8])] {
        guard let folder = folder?.appending(path: path) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map { name in
            (name, Array(try Data(contentsOf: folder.appending(path: name))))
        }
    }

    /// The rows of a file of labels, by the mail's name; none of their fields is quoted.
    static func labels(_ path: String) throws -> [String: [[String: String]]] {
        guard let file = folder?.appending(path: path) else { return [:] }
        let lines = try String(contentsOf: file, encoding: .utf8).split(whereSeparator: \.isNewline).map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        return lines.dropFirst().reduce(into: [:]) { labels, fields in
            let row = Dictionary(uniqueKeysWithValues: zip(lines[0], fields))
            labels[row["file"] ?? "", default: []].append(row)
        }
    }
}
