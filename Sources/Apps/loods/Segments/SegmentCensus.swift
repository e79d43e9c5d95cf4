import Expressions
import Model
import Postgres
import Store
import Transit
import Workspaces

/// How many are in each segment, and have each persona.
struct SegmentCensus: Sendable {
    /// As the live definitions have them; nil before the first apply.
    let segments: [Segment]?
    private let personas: Personas?
    private let members: [String: Int64]
    private let holders: [String: Int64]
    private let contacts: Int64

    init(of entry: WorkspaceRegister.Entry, in session: PostgresSession) throws {
        let definitions =
            entry.revision > 0
            ? try DefinitionsCache().workspace(entry.id, revision: entry.revision, in: session) : nil
        segments = definitions?.segments.sorted { $0.name < $1.name }
        personas = definitions?.personas
        members = try SegmentDirectory.census(of: entry.id, in: session)
        holders = try SegmentDirectory.personas(of: entry.id, in: session)
        contacts = try ContactDirectory.census(of: entry.id, in: session).contacts
    }

    var lines: [String] {
        var lines: [String] = []
        if segments?.isEmpty ?? true { lines.append("there are no segments") }
        for segment in segments ?? [] {
            let count = (members[segment.name] ?? 0).grouped.leading(to: 10)
            let stage = segment.stage.map { "   in stage \($0)" } ?? ""
            let about = segment.description.map { "   \($0)" } ?? ""
            lines.append("\(segment.name.padded(to: 24)) \(count)\(stage)\(Console.safe(about))")
        }
        for (name, count) in personaCounts {
            lines.append("persona \(name.padded(to: 16)) \(count.grouped.leading(to: 10))")
        }
        return lines
    }

    /// In their order, the default last.
    private var personaCounts: [(name: String, count: Int64)] {
        guard let personas, let fallback = personas.fallback else { return [] }
        let others = personas.ordered.map { ($0.name, holders[$0.name] ?? 0) }
        return others + [(fallback, contacts - others.reduce(0) { $0 + $1.1 })]
    }

    var json: JSON {
        .object([
            "segments": .array(
                (segments ?? []).map { segment in
                    .object([
                        "segment": .string(segment.name), "members": .int(members[segment.name] ?? 0),
                        "stage": segment.stage.map { .string($0) } ?? .null, "when": .string(segment.when.source),
                        "description": segment.description.map { .string($0) } ?? .null,
                    ])
                }),
            "personas": .object(
                Dictionary(uniqueKeysWithValues: personaCounts.map { ($0.name, JSON.int($0.count)) })),
        ])
    }
}
