import ArgumentParser
import Foundation
import ServiceRuntime

struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Write a small workspace to begin with.")

    @Argument(help: "A folder that is empty or does not exist yet.")
    var folder: String

    @Option(help: "The workspace's name; the folder's by default.")
    var name: String?

    @Option(
        help: """
            The stages to begin with: \(ReadyStages.allCases.map(\.rawValue).joined(separator: ", ")); the first by \
            default.
            """)
    var stages: ReadyStages?

    @Option(help: "Begin with a recipe, a whole workspace with its mails and tests, such as saas-trial.")
    var recipe: String?

    func validate() throws {
        if recipe != nil, stages != nil { throw ValidationError("a recipe has stages of its own") }
    }

    func run() throws {
        let files = FileManager.default
        let path = URL(fileURLWithPath: folder).standardizedFileURL
        if let content = try? files.contentsOfDirectory(atPath: path.path), !content.isEmpty {
            throw ExitFault(
                code: .settings, message: "\(folder) is not empty; name a folder that is empty or does not exist yet")
        }
        let name = name ?? Self.name(from: path.lastPathComponent)
        let content =
            if let recipe { try Recipe(named: recipe).renamed(name) } else {
                try StarterWorkspace(name: name, stages: stages ?? .seeThinkDoCare).files
            }
        for (file, text) in content.sorted(by: { $0.key < $1.key }) {
            let target = path.appendingPathComponent(file)
            try files.createDirectory(at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: target)
        }
        print("\(folder) holds workspace \(name): \(content.count.counted("file")).")
        print("Next: loods validate \(folder), loods test \(folder), then loods apply \(folder)")
    }

    /// As much of a folder's name as may stand in a name.
    private static func name(from folder: String) -> String {
        let allowed = folder.filter { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
        let name = allowed.drop { !$0.isLetter && !$0.isNumber }.prefix(64)
        return name.isEmpty ? "shop" : String(name)
    }
}
