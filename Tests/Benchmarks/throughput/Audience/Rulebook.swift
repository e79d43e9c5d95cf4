import Foundation
import Logging

/// A workspace with so many point rules and as many segments, of the kinds that marketers write: about what an event says,
/// how often something was done in a window, what somebody's score is, who somebody is.
struct Rulebook: Sendable {
    let workspace: String
    /// How many point rules, and how many segments besides.
    let size: Int

    /// Applies the definitions, and makes a key for their workspace.
    func open(_ surroundings: Surroundings, logger: Logger) async throws -> AudienceCluster {
        let files = FileManager.default
        let folder = files.temporaryDirectory.appendingPathComponent("rules-\(getpid())-\(workspace)")
        defer { try? files.removeItem(at: folder) }
        try files.createDirectory(at: folder.appendingPathComponent("segments"), withIntermediateDirectories: true)
        for (path, text) in definitions {
            try Data(text.utf8).write(to: folder.appendingPathComponent(path))
        }
        try surroundings.loods(["apply", folder.path, "--yes"])
        let key = try surroundings.loods([
            "keys", "create", "--kind", "server", "--workspace", workspace, "--name", "bench",
        ])
        return try await AudienceCluster(surroundings, workspace: workspace, writeKey: key, logger: logger)
    }

    private var definitions: [String: String] {
        var files = [
            "workspace.yaml": """
            workspace: \(workspace)
            time_zone: UTC
            sender: {name: Bench, address: bench@shop.example}
            address: Oude Kade 12, 1011 AB Amsterdam, the Netherlands
            topics:
              - {topic: offers, wording: "Yes, send me offers by e-mail"}

            """,
            "stages.yaml": "stages:\n  - stage: see\n",
            "scores.yaml": scores,
        ]
        for number in 0..<size {
            files["segments/segment-\(number).yaml"] = "segment: segment-\(number)\nwhen: '\(condition(number))'\n"
        }
        return files
    }

    /// All rules are of one score.
    private var scores: String {
        "scores:\n  - score: engagement\n    half_life: 14d\n    points:\n"
            + (0..<size).map { "      - \(rule($0))\n" }.joined()
    }

    private func rule(_ number: Int) -> String {
        switch number % 5 {
        case 0: "{event: Page Viewed, points: \(1 + number / 5)}"
        case 1: "{event: Page Viewed, points: 2, when: 'event.properties.path.startsWith(\"/rope/\(number)\")'}"
        case 2: "{event: Product Added, points: 5, when: 'event.properties.price > \(number).0'}"
        case 3: "{event: Order Completed, points: 20, when: 'event.properties.revenue > \(number).0'}"
        default: "{event: Form Submitted, points: \(number)}"
        }
    }

    /// Half of what is counted is reached with the first events, half never: most of the time most people stay where they are.
    private func condition(_ number: Int) -> String {
        let isReached = number.isMultiple(of: 2)
        return switch number % 5 {
        case 0: "count(\"Page Viewed\", \"30d\") >= \(isReached ? 1 : 1000 + number)"
        case 1: "did(\"Product Added\") && !did(\"Order Completed\", \"\(1 + number)d\")"
        case 2: "score(\"engagement\") >= \(isReached ? 1 + number : 10_000_000 + number)"
        case 3: "contact.plan == \"plan-\(number)\""
        default: "did(\"Form Submitted\", \"\(1 + number)d\")"
        }
    }
}
