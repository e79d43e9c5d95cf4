import Foundation
import Model
import ServiceRuntime

/// Writes records as lines of a table or of JSON, and holds no more of them than a page.
struct RecordOutput {
    enum Form: String, CaseIterable, Sendable {
        case csv
        case jsonl
    }

    private let form: Form
    private let columns: [String]
    private let file: FileHandle
    private(set) var count = 0

    /// - Parameters:
    ///   - path: nil for standard output.
    ///   - continues: whether the file goes on where an earlier run broke off: it is added to, and has its header.
    init(_ form: Form, columns: [String], path: String?, continues: Bool) throws {
        self.form = form
        self.columns = columns
        if let path {
            if !continues, !FileManager.default.createFile(atPath: path, contents: nil) {
                throw ExitFault(code: .settings, message: "\(path) cannot be written")
            }
            guard let file = FileHandle(forWritingAtPath: path) else {
                throw ExitFault(code: .settings, message: "\(path) cannot be written")
            }
            try file.seekToEnd()
            self.file = file
        } else {
            file = .standardOutput
        }
        if form == .csv, !continues { try file.write(contentsOf: Data(Cell.line(columns).utf8)) }
    }

    /// Writes a page of records, each by column; what a record has not is left out.
    mutating func write(_ records: [[String: JSON]]) throws {
        guard !records.isEmpty else { return }
        var text = ""
        for record in records {
            switch form {
            case .csv: text += Cell.line(columns.map { Cell.text(of: record[$0]) })
            case .jsonl: text += String(decoding: JSON.object(Self.nested(record)).serialized, as: UTF8.self) + "\n"
            }
        }
        try file.write(contentsOf: Data(text.utf8))
        count += records.count
    }

    /// `traits.plan` as a member of `traits`.
    private static func nested(_ record: [String: JSON]) -> [String: JSON] {
        var nested: [String: JSON] = [:]
        var traits: [String: JSON] = [:]
        for (name, value) in record {
            if name.hasPrefix("traits.") { traits[String(name.dropFirst(7))] = value } else { nested[name] = value }
        }
        if !traits.isEmpty { nested["traits"] = .object(traits) }
        return nested
    }
}
