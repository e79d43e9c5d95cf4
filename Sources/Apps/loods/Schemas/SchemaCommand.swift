import ArgumentParser
import Model

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Print the JSON Schema of a kind of file, for editors.",
        discussion: """
            An editor with a YAML language server completes keys and underlines faults by it, after a first line such as \
            "# yaml-language-server: $schema=../journey.schema.json". loods validate checks more. Without a kind it lists the \
            files that there are schemas for.
            """)

    @Argument(help: "\(FileKind.allCases.map(\.rawValue).joined(separator: ", ")).")
    var kind: FileKind?

    func run() {
        guard let kind else {
            for kind in FileKind.allCases { print("\(kind.rawValue.padded(to: 12)) \(kind.pattern)") }
            return
        }
        Console.show(kind.schema)
    }
}
