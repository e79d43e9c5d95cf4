import Foundation
import Laboratory
import Testing

/// Real leads of an online school, as `leads.py` reads and scores them.
struct Lead: Decodable, Sendable {
    var id: String
    var origin: String
    var source: String
    var noMail: Bool
    var seconds: Int
    var visits: Int
    var converted: Bool
    /// Whether it is of the last fifth, on which nothing was fixed.
    var heldOut: Bool
    /// In thousandths of a point.
    var fit: Int64
    var engagement: Int64
    var band: String
    var stage: String

    static var path: String? {
        guard let folder = ProcessInfo.processInfo.environment["LOODS_TEST_DATA"] else { return nil }
        let path = folder + "/x-education-leads/Leads.csv.gz"
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }

    /// All of the file, in the order of their numbers.
    static func all() async throws -> [Lead] {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("leads.py")
        let result = try await SystemProgram.run("python3", script.path, try #require(path), seconds: 240)
        try #require(result.status == 0, "\(result.text)")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode([Lead].self, from: Data(result.output))
    }

    /// What a site would have told: who it is, how long they stayed, and each visit.
    var calls: [[String: Any]] {
        func call(_ suffix: String, _ hour: Int, _ fields: [String: Any]) -> [String: Any] {
            let common: [String: Any] = [
                "userId": id, "messageId": "\(id) \(suffix)",
                "timestamp":
                    "2026-03-\(String(format: "%02d", 1 + hour / 24))T\(String(format: "%02d", hour % 24)):00:00Z",
            ]
            return common.merging(fields) { $1 }
        }
        var traits: [String: Any] = ["lead_origin": origin, "do_not_email": noMail]
        if !source.isEmpty { traits["lead_source"] = source }
        var calls = [call("who", 0, ["type": "identify", "traits": traits])]
        if seconds > 0 {
            calls.append(
                call("stay", 1, ["type": "track", "event": "Site Used", "properties": ["seconds": seconds]]))
        }
        return calls + (0..<visits).map { call("visit \($0)", 2 + $0, ["type": "track", "event": "Site Visited"]) }
    }

    static let workspace: [String: String] = [
        "workspace.yaml": """
        workspace: school
        time_zone: Asia/Kolkata
        sender: {name: The School, address: hello@school.example}
        address: The School, Main Road 1, Mumbai
        """,
        "scores.yaml": """
        scores:
          - score: fit
            fit:
              - {when: contact.lead_origin == "Lead Add Form", points: 28}
              - {when: contact.lead_origin == "API", points: -3}
              - {when: contact.lead_origin == "Landing Page Submission", points: -1}
              - {when: contact.lead_source == "Welingak Website", points: 15}
              - {when: contact.lead_source == "Olark Chat", points: -4}
              - {when: contact.lead_source == "Direct Traffic", points: -2}
              - {when: contact.lead_source == "Google", points: 2}
              - {when: contact.lead_source == "Organic Search", points: 1}
              - {when: contact.do_not_email, points: -12}
          - score: engagement
            points:
              - {event: Site Used, points: -13, when: event.properties.seconds < 400}
              - {event: Site Used, points: -6, when: event.properties.seconds >= 400 && event.properties.seconds < 600}
              - {event: Site Used, points: 9, when: event.properties.seconds >= 600 && event.properties.seconds < 800}
              - {event: Site Used, points: 13, when: event.properties.seconds >= 800}
              - {event: Site Visited, points: 0.5, cap: {total: 8}}
        """,
        "stages.yaml": """
        regress: follow
        stages:
          - stage: see
          - {stage: think, when: score("engagement") > 0}
          - {stage: do, when: score("fit") + score("engagement") >= 14.0}
        """,
    ]

    /// The bands, from the best on; whoever is in none of them is in D.
    static let bands = [("A", 14), ("B", 4), ("C", -8)].map { name, begin in
        (name: name, when: "score(\"fit\") + score(\"engagement\") >= \(begin).0")
    }
}
