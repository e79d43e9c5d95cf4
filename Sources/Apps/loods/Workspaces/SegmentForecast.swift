import Expressions
import Model
import Postgres
import Scores
import Store
import Workspaces

/// How many contacts a segment would have that a change adds or rewrites: by asking its condition of a sample of them.
///
/// Contacts' ids are hashes, so that the first ones by id are a sample. Scores and stages are taken as they are now.
struct SegmentForecast: Sendable {
    private static let most: Int32 = 1000

    let segment: String
    /// How many are in it now.
    let members: Int64
    /// How many of the sample would be.
    let found: Int64
    let sample: Int64
    let contacts: Int64

    /// Of the whole.
    var expected: Int64 { sample == 0 ? 0 : Int64((Double(found) / Double(sample) * Double(contacts)).rounded()) }
    private var isWhole: Bool { sample == contacts }

    /// - Parameter old: what is live.
    static func all(
        of definitions: Workspace, over old: Workspace?, in workspace: WorkspaceID, now: Timestamp,
        _ session: PostgresSession
    ) throws -> [SegmentForecast] {
        let changed = definitions.segments.filter { segment in
            guard let held = old?.segment(named: segment.name) else { return true }
            return held.when.source != segment.when.source || held.stage != segment.stage
        }
        guard !changed.isEmpty else { return [] }
        let sample = try ContactDirectory.list(of: workspace, limit: most, in: session).map(\.contact)
        let count =
            sample.count < Int(most)
            ? Int64(sample.count) : try ContactDirectory.census(of: workspace, in: session).contacts
        let members = try SegmentDirectory.census(of: workspace, in: session)
        let found = try counts(of: changed, definitions, among: sample, now: now, session)
        return changed.map { segment in
            SegmentForecast(
                segment: segment.name, members: members[segment.name] ?? 0, found: found[segment.name] ?? 0,
                sample: Int64(sample.count), contacts: count)
        }
    }

    private static func counts(
        of segments: [Segment], _ definitions: Workspace, among contacts: [ContactKey], now: Timestamp,
        _ session: PostgresSession
    ) throws -> [String: Int64] {
        let names = segments.reduce(into: Set<String>()) { $0.formUnion($1.when.mentionedEvents) }
        let states = try Contacts.states(of: contacts, in: session)
        let consents = try Consents.current(of: contacts, in: session)
        let memberships = try SegmentMembers.names(of: contacts, in: session)
        let balances = try ScoreSums.load(of: contacts, in: session)
        let companies = try Companies.attributes(ofCompaniesOf: states.values, in: session)
        let histories =
            names.isEmpty ? [:] : try EventLog.history(of: contacts, names: names, context: true, in: session)
        var found: [String: Int64] = [:]
        for (key, state) in states where !state.objects {
            var facts = ContactFacts(
                definitions, now: now, contact: state.seen(with: companies[key.workspace]), stage: state.stage,
                consents: (consents[key] ?? []).topics(givenAt: state.address),
                segments: Set(memberships[key] ?? []).subtracting(segments.map(\.name)), balances: balances[key] ?? [:],
                history: histories[key]?.history ?? History())
            // One may ask for another that stands behind it.
            for _ in segments {
                let before = facts.segments
                for segment in segments {
                    if segment.holds(in: facts).0 {
                        facts.segments.insert(segment.name)
                    } else {
                        facts.segments.remove(segment.name)
                    }
                }
                if facts.segments == before { break }
            }
            for segment in segments where facts.segments.contains(segment.name) { found[segment.name, default: 0] += 1 }
        }
        return found
    }

    /// `about 4,100 of 82,000 contacts, by a sample of 1,000; 0 now`.
    var words: String {
        let count =
            isWhole
            ? "\(expected.grouped) of \(contacts.counted("contact"))"
            : "about \(expected.grouped) of \(contacts.counted("contact")), by a sample of \(sample.grouped)"
        return "\(count); \(members.grouped) now"
    }

    var json: JSON {
        .object([
            "segment": .string(segment), "members": .int(members), "expected": .int(expected),
            "contacts": .int(contacts), "sample": .int(sample),
        ])
    }
}
