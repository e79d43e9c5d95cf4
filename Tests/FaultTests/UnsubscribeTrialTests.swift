import Foundation
import Laboratory
import Model
import Postgres
import Store
import TestSupport
import Testing

/// Whoever unsubscribes while a broadcast goes out: a trial is one contact whose one-click request is made just when their
/// mail is about to be handed over. Either the mail was at its final dot before the answer, or it never goes.
///
/// The two are brought together on purpose: of each round of contacts the mails are planned at once, and the requests are
/// strewn over the time that mailers need for them, which is measured by how the round before has ended.
@Suite struct UnsubscribeTrialTests {
    private static let trials =
        switch FaultLevel.current {
        case .quarter: 1_000
        case .lab: 2_000
        case .all: 10_000
        }

    @Test(.timeLimit(.minutes(10)))
    func noHandOverBeginsAfterTheAnswer() async throws {
        try await Cluster.with(services: ["ingest", "mailer", "mailer-2"], workspace: Shop.files) { cluster in
            let readership = try await Readership(of: Self.trials, in: cluster)
            let answers = try await readership.withdrawWhileItGoesOut()
            #expect(answers.count == Self.trials)
            try await eventually("each mail has come to an end", within: .seconds(60)) {
                try await cluster.count(
                    "select count(*) from messages where state in ('planned', 'claimed', 'handed')") == 0
            }
            let ends = try await readership.ends()
            let mails = Dictionary(grouping: try cluster.mail.mails(), by: \.to)
            var (handed, meanwhile, late) = (0, 0, [String]())
            var (lost, doubled) = (0, 0)
            for answer in answers {
                let end = try #require(ends[answer.number])
                let arrivals = mails[Shop.address(answer.number)] ?? []
                #expect(arrivals.count == (end.state == "accepted" ? 1 : 0), "\(answer) \(end)")
                if end.state == "accepted", arrivals.isEmpty { lost += 1 }
                if arrivals.count > 1 { doubled += 1 }
                #expect(["accepted", "withdrawn", "skipped"].contains(end.state), "\(answer) \(end)")
                guard answer.isApplied, let handedAt = end.handedAt else { continue }
                handed += 1
                if handedAt > answer.askedAt { meanwhile += 1 }
                // The answer waits for a final dot that was begun, two seconds at the most.
                let waited = answer.answeredAt.timeIntervalSince(answer.askedAt) >= 2
                let isLate = arrivals.contains { $0.receivedAt > answer.answeredAt }
                if handedAt > answer.answeredAt || isLate && !waited { late.append("\(answer) \(end)") }
            }
            #expect(late.isEmpty, "\(late.count) began after the answer: \(late.prefix(5))")
            let applied = answers.count(where: \.isApplied)
            // What a store that stalls could not apply within the edge's patience is recorded instead.
            let stalled = answers.count {
                !$0.isApplied && .seconds($0.answeredAt.timeIntervalSince($0.askedAt)) >= Cluster.storeStall
            }
            // The requests must meet the mails, or else nothing was tried.
            #expect((applied + stalled) * 100 >= Self.trials * 99, "\(applied) of \(Self.trials) were applied")
            #expect(applied * 2 >= Self.trials, "the store stalled for \(stalled)")
            #expect(
                handed * 5 >= Self.trials && handed * 5 <= Self.trials * 4, "\(handed) of \(Self.trials) were handed")
            #expect(meanwhile * 100 >= Self.trials, "\(meanwhile) were handed while somebody asked for none")
            let point =
                "\(Self.trials) trials: \(handed) handed before the answer, \(meanwhile) of them after the request"
            try FaultReport(
                fault: "one-click during a broadcast", point: point, workers: 2, seed: FaultLevel.seed, lost: lost,
                doubled: doubled, unknown: ends.values.count { $0.state == "unknown" }
            ).record()
        }
    }
}
