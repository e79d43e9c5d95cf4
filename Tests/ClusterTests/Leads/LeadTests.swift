import Expressions
import Foundation
import Laboratory
import Model
import Postgres
import Scores
import Testing
import TestSupport
import Workspaces

/// A fit and an engagement model over real leads, fixed on the first four fifths of them: each lead's scores, band and stage
/// are those of an independent count, and on the last fifth they tell who becomes a customer.
@Suite(.enabled(if: Lead.path != nil, "LOODS_TEST_DATA has no x-education-leads")) struct LeadTests {
    private struct Verdict {
        var fit: Int64
        var engagement: Int64
        var band: String
        var stage: String?
    }

    @Test func everyLeadScoresAsCountedAndTheLastFifthBearsItOut() async throws {
        let leads = try await Lead.all()
        #expect(leads.count == 9240 && leads.count(where: \.converted) == 3561)
        let workspace = try #require(Workspace.load(files: Lead.workspace).workspace)
        let bands = try Lead.bands.map { ($0.name, try Expressions.Expression($0.when, scope: .audience)) }
        var wrong: [String] = []
        var groups: [String: (all: Int, converted: Int)] = [:]
        var ranked: [(sum: Int64, converted: Bool)] = []
        for lead in leads {
            let verdict = try Self.judge(lead, workspace, bands)
            if verdict.fit != lead.fit || verdict.engagement != lead.engagement || verdict.band != lead.band
                || verdict.stage != lead.stage
            {
                wrong.append(lead.id)
            }
            guard lead.heldOut else { continue }
            let group = groups[verdict.band] ?? (0, 0)
            groups[verdict.band] = (group.all + 1, group.converted + (lead.converted ? 1 : 0))
            ranked.append((verdict.fit + verdict.engagement, lead.converted))
        }
        #expect(wrong.isEmpty, "\(wrong.count) leads score otherwise: \(wrong.prefix(5))")
        let rates = ["D", "C", "B", "A"].compactMap { groups[$0] }.map { Double($0.converted) / Double($0.all) }
        #expect(rates.count == 4 && zip(rates, rates.dropFirst()).allSatisfy { $0 < $1 }, "\(rates)")
        let area = Self.areaUnderCurve(ranked)
        #expect(ranked.count == 1848 && area >= 0.75, "AUC \(area)")
        print("leads held out: conversion from D to A \(rates.map { ($0 * 1000).rounded() / 1000 }), AUC \(area)")
    }

    /// By the code that scoring runs, without its tables.
    private static func judge(
        _ lead: Lead, _ workspace: Workspace, _ bands: [(String, Expressions.Expression)]
    ) throws -> Verdict {
        let calls = try lead.calls.map { try JSON(parsing: Array(JSONSerialization.data(withJSONObject: $0))) }
        let events = calls.dropFirst().map { call in
            HistoryEvent(
                at: call["timestamp"]?.string.flatMap { Timestamp(iso8601: $0) } ?? .distantPast,
                eventID: call["messageId"]?.string ?? "", name: call["event"]?.string ?? "",
                properties: call["properties"] ?? .object([:]))
        }
        var balances: [String: ScoreBalance] = [:]
        for model in workspace.scores { balances[model.name] = try ScoreBook(model, of: events).balance }
        let facts = ContactFacts(
            workspace, now: Timestamp(iso8601: "2026-04-01T00:00:00Z")!, contact: calls[0]["traits"] ?? .null,
            balances: balances)
        func thousandths(_ score: String) -> Int64 { Int64((facts.score(score) * 1000).rounded()) }
        return Verdict(
            fit: thousandths("fit"), engagement: thousandths("engagement"),
            band: bands.first { $0.1.holds(in: facts).holds }?.0 ?? "D",
            stage: workspace.stage(of: facts, before: nil)?.name)
    }

    /// The chance that a converted lead has the greater sum than another; of equal ones, half.
    private static func areaUnderCurve(_ ranked: [(sum: Int64, converted: Bool)]) -> Double {
        let classes = Dictionary(grouping: ranked, by: \.sum).sorted { $0.key < $1.key }
        var (below, won) = (0, 0.0)
        for (_, leads) in classes {
            let converted = leads.count(where: \.converted)
            won += Double(converted) * (Double(below) + Double(leads.count - converted) / 2)
            below += leads.count - converted
        }
        return won / Double(ranked.count(where: \.converted) * below)
    }

    /// Every twentieth lead through edge, broker and store, with all of its visits; with `LOODS_TEST_WHOLE=1` every one.
    @Test(.timeLimit(.minutes(10)))
    func leadsThatGoThroughTheClusterScoreTheSame() async throws {
        let whole = ProcessInfo.processInfo.environment["LOODS_TEST_WHOLE"] == "1"
        let leads = try await Lead.all().enumerated().filter { whole || $0.offset % 20 == 7 }.map(\.element)
        let calls = leads.flatMap(\.calls)
        try await Cluster.with(services: ["ingest", "scoring", "scoring-2"], workspace: Lead.workspace) { cluster in
            for start in stride(from: 0, to: calls.count, by: 400) {
                _ = try await cluster.post(Array(calls[start..<min(start + 400, calls.count)]))
            }
            try await eventually("every event is stored") {
                try await cluster.count("select count(*) from event_log") == calls.count
            }
            let found = try await cluster.stage.database.pool.withConnection { session in
                try session.query(
                    """
                    select i.value, c.stage, coalesce((
                        select sum(amount)::bigint from scores s
                        where s.workspace_id = c.workspace_id and s.contact_id = c.contact_id and model = 'engagement'), 0)
                    from contacts c join identities i on i.workspace_id = c.workspace_id and i.subject_id = c.contact_id
                    """
                ).map { try $0.decode((String.self, String?.self, Int64.self)) }
            }
            let expected = Set(leads.map { "\($0.id) \($0.stage) \($0.engagement)" })
            #expect(Set(found.map { "\($0.0) \($0.1 ?? "none") \($0.2)" }) == expected)
            let check = try await cluster.loods("scores", "check", "--all")
            #expect(check.contains("\(leads.count) contacts"))
            let best = try #require(leads.max { $0.fit + $0.engagement < $1.fit + $1.engagement })
            let told = try await cluster.loods("explain", best.id, "--score", "fit")
            #expect(told.contains("lead_origin \(best.origin)"))
        }
    }
}
