import Foundation
import Testing

/// The checked-out files, as the tests read them.
enum SourceTree {
    struct File {
        /// From the root of the checkout, as `Sources/Core/Model/JSON.swift`.
        var path: String
        var text: String

        var name: String { String(path.split(separator: "/").last ?? "") }
        var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

        /// The target that a file under `Sources` belongs to.
        var target: String {
            let parts = path.split(separator: "/").map(String.init)
            return ["Core", "Drivers", "Pipeline", "Apps"].contains(parts[1]) ? parts[2] : parts[1]
        }

        /// The modules that it imports.
        var imports: Set<String> {
            Set(
                lines.compactMap { line in
                    let words = line.split(separator: " ")
                    guard let index = words.firstIndex(of: "import"), index + 1 < words.count,
                        words[..<index].allSatisfy({ $0.hasPrefix("@") || Self.modifiers.contains($0) })
                    else { return nil }
                    let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "typealias"]
                    let module = kinds.contains(words[index + 1]) ? words[index + 2] : words[index + 1]
                    return module.split(separator: ".").first.map(String.init)
                })
        }

        private static let modifiers: Set<Substring> = ["public", "package", "internal", "fileprivate", "private"]
    }

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The text files under `folder`, or the one file of that name.
    static func files(_ folder: String, _ suffixes: [String] = [""]) throws -> [File] {
        let url = root.appendingPathComponent(folder)
        let inside = FileManager.default.subpaths(atPath: url.path) ?? []
        let paths = inside.isEmpty ? [folder] : inside.map { "\(folder)/\($0)" }
        return paths.sorted().compactMap { path in
            guard suffixes.contains(where: path.hasSuffix), !path.contains("/.") else { return nil }
            return (try? String(contentsOf: root.appendingPathComponent(path), encoding: .utf8))
                .map { File(path: path, text: $0) }
        }
    }

    static func sources() throws -> [File] {
        let files = try files("Sources", [".swift"])
        try #require(files.count > 100, "the sources were not found")
        return files
    }
}
