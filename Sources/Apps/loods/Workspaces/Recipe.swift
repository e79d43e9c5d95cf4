import Foundation
import ServiceRuntime

/// A workspace to begin with, whole with its content and tests: a folder of `LOODS_RECIPES`.
struct Recipe {
    private static let installed = "/usr/local/share/loods/recipes"

    let name: String
    /// Relative path to text.
    private(set) var files: [String: String] = [:]

    /// - Throws: `ExitFault` where there is no such recipe, with the names of those that there are.
    init(named name: String) throws {
        let stated = try Settings.read {
            $0.string("LOODS_RECIPES", meaning: "The folder of the recipes; \(Self.installed) by default.")
        }
        let folder = URL(fileURLWithPath: stated ?? Self.installed)
        let known = try? FileManager.default.contentsOfDirectory(atPath: folder.path).filter { !$0.hasPrefix(".") }
        guard let known, !known.isEmpty else {
            throw ExitFault(
                code: .settings,
                message: "there are no recipes in \(folder.path); name their folder by LOODS_RECIPES")
        }
        guard known.contains(name) else {
            throw ExitFault(
                code: .settings,
                message: "there is no recipe \"\(name)\"; there are \(known.sorted().joined(separator: ", "))")
        }
        self.name = name
        let root = folder.appendingPathComponent(name)
        for path in try FileManager.default.subpathsOfDirectory(atPath: root.path) {
            let file = root.appendingPathComponent(path)
            guard try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else { continue }
            files[path] = try String(contentsOf: file, encoding: .utf8)
        }
    }

    /// The same under a workspace's name of one's own.
    func renamed(_ workspace: String) -> [String: String] {
        var files = files
        files["workspace.yaml"] = files["workspace.yaml"]?.replacing(
            /^workspace: .*$/.anchorsMatchLineEndings(), with: "workspace: \(workspace)", maxReplacements: 1)
        return files
    }
}
