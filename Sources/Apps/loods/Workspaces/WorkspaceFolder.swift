import Foundation
import ServiceRuntime

/// The definition files below a folder.
struct WorkspaceFolder {
    /// Bytes of one file; a definition is a page of text, not a book.
    private static let limit = 1_000_000

    /// Relative path to text: YAML, templates, and in base64 whatever else lies in `emails`. Hidden files are left out.
    let files: [String: String]
    /// The workspace's tests, which are no part of what is applied: relative path to text.
    let tests: [String: String]

    init(_ path: String) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            throw ExitFault(code: .settings, message: "there is no folder \(path)")
        }
        var (files, tests): ([String: String], [String: String]) = ([:], [:])
        for file in try FileManager.default.subpathsOfDirectory(atPath: path) where Self.isDefinition(file) {
            let full = path + "/" + file
            guard FileManager.default.fileExists(atPath: full, isDirectory: &isFolder), !isFolder.boolValue else {
                continue
            }
            let text = try Self.text(of: full, named: file)
            if file.hasPrefix("tests/") { tests[file] = text } else { files[file] = text }
        }
        self.files = files
        self.tests = tests
    }

    private static let textEndings = [".yaml", ".yml", ".mustache"]

    private static func isDefinition(_ path: String) -> Bool {
        let isHidden = path.split(separator: "/").contains { $0.hasPrefix(".") }
        let isNamedSo = textEndings.contains { path.hasSuffix($0) }
        return !isHidden && (isNamedSo || path.hasPrefix("emails/"))
    }

    private static func text(of path: String, named name: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ExitFault(code: .failures, message: "\(name) cannot be read")
        }
        guard data.count <= limit else {
            throw ExitFault(
                code: .failures, message: "\(name) is larger than \(limit.grouped) bytes")
        }
        // What goes with mails is of any kind.
        guard textEndings.contains(where: { name.hasSuffix($0) }) else { return data.base64EncodedString() }
        guard let text = String(validating: data, as: UTF8.self), !text.utf8.contains(0) else {
            throw ExitFault(code: .failures, message: "\(name) is not text in UTF-8")
        }
        return text
    }
}
