import Foundation
import Laboratory
import Postgres
import Store
import TestSupport
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Two ingest processes keep the limits of a key together, and its neighbours are unharmed.
@Suite struct IngestLimitTests {
    private static let batch = 10

    @Test(.timeLimit(.minutes(10)))
    func twoProcessesUnderLoadKeepALimitTogether() async throws {
        try await Terminal.withServers { line, stage in
            let rate = 100
            let slow = try await line("keys", "create", "--kind", "server", "--name", "slow", "--rate", "\(rate)")
            let free = try await line("keys", "create", "--kind", "server", "--name", "free")
            let environment = line.environment.merging([
                "LOODS_LINK_SECRET": "k1:" + Data(repeating: 7, count: 32).base64EncodedString()
            ]) { $1 }
            let processes = try (0..<2).map { _ in try ServiceProcess("ingest", environment: environment) }
            for process in processes { try await process.waitUntilReady() }
            var addresses: [String] = []
            for process in processes { addresses.append(try await process.address(of: .events)) }

            let begin = ContinuousClock.now
            let tally = Tally(accepted: rate * 2 / Self.batch, refused: 11)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for address in addresses {
                    tasks.addTask { try await Self.hammer(address, key: slow.output.trimmed, tally) }
                }
                try await tasks.waitForAll()
            }
            let answers = await tally.answers
            let elapsed = Double((ContinuousClock.now - begin).components.seconds) + 1
            let accepted = (answers[200] ?? 0) * Self.batch
            // Two seconds of the rate stand in the bucket at first; a batch, and a loan, for each process.
            #expect(
                Double(accepted) <= Double(rate) * (elapsed + 2) + Double(2 * (Self.batch + rate / 4)), "\(answers)")
            #expect(accepted >= rate * 2, "\(answers)")
            #expect((answers[429] ?? 0) > 10 && answers.keys.allSatisfy { [200, 429].contains($0) }, "\(answers)")
            for address in addresses { #expect(try await Self.post(address, key: free.output.trimmed) == 200) }
            for process in processes { #expect(try await process.terminate() == .status(0)) }
            let edges = try await stage.database.pool.withConnection {
                try $0.query("select count(*) from edges")[0][0, as: Int64.self]
            }
            #expect(edges == 0)
        }
    }

    /// Answers by status, and how many there are to be.
    private actor Tally {
        private(set) var answers: [Int: Int] = [:]
        private let accepted: Int
        private let refused: Int

        init(accepted: Int, refused: Int) { (self.accepted, self.refused) = (accepted, refused) }

        /// - Returns: whether it is enough, or went wrong.
        func note(_ status: Int) -> Bool {
            answers[status, default: 0] += 1
            return answers.keys.contains { ![200, 429].contains($0) }
                || answers[200, default: 0] >= accepted && answers[429, default: 0] >= refused
        }
    }

    /// Sends batches, one after the other, for four seconds and until there are enough answers of each kind.
    private static func hammer(_ address: String, key: String, _ tally: Tally) async throws {
        let end = ContinuousClock.now + .seconds(4)
        var isEnough = false
        while !isEnough || ContinuousClock.now < end {
            isEnough = try await tally.note(post(address, key: key))
        }
    }

    private static func post(_ address: String, key: String) async throws -> Int {
        var request = URLRequest(url: try #require(URL(string: "http://\(address)/v1/batch")))
        request.httpMethod = "POST"
        let event = #"{"type":"track","userId":"u","event":"E"}"#
        request.httpBody = Data("{\"batch\":[\(Array(repeating: event, count: batch).joined(separator: ","))]}".utf8)
        request.setValue(
            "Basic " + Data("\(key):".utf8).base64EncodedString(), forHTTPHeaderField: "Authorization")
        let (_, response) = try await URLSession.shared.data(for: request)
        return (response as? HTTPURLResponse)?.statusCode ?? 0
    }

    @Test func limitsAreSetAndShown() async throws {
        try await Terminal.withServers { line, _ in
            try await line("keys", "create", "--kind", "public", "--rate", "50")
            try await line("keys", "create", "--kind", "server")
            try await line("keys", "create", "--kind", "server", "--rate", "0", exits: 64)
            #expect(try await line("keys", "list").output.contains("50/s"))
            try await line("keys", "limit", "server", "--rate", "1200")
            try await line("keys", "limit", "public", "--rate", "none")
            try await line("keys", "limit", "nobody", "--rate", "1", exits: 1)
            let listed = try #require(try await line("keys", "list", "--json").json() as? [[String: Any]])
            #expect(listed.first { $0["name"] as? String == "server" }?["rate"] as? Int == 1200)
            #expect(listed.first { $0["name"] as? String == "public" }?["rate"] is NSNull)

            #expect(try await line("quota").output.contains("no quota"))
            try await line("quota", "--per-day", "1000000")
            let set = try await line("quota", "--per-month", "20000000", "--json").object()
            #expect(set["per_day"] as? Int == 1_000_000 && set["per_month"] as? Int == 20_000_000)
            #expect(try await line("quota").output.contains("0 of 1,000,000 events"))
            let unset = try await line("quota", "--per-day", "none", "--json").object()
            #expect(unset["per_day"] is NSNull && unset["per_month"] as? Int == 20_000_000)
            try await line("quota", "--per-day", "many", exits: 64)
        }
    }
}

extension String {
    fileprivate var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
