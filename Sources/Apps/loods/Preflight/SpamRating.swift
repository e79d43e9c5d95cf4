import Delivery
import Foundation
import Mail
import Preflight
import ServiceRuntime
import Transit

/// What SpamAssassin makes of a mail by its own rules: without asking anybody, without what it learnt.
struct SpamRating: Sendable {
    enum Outcome: Sendable {
        /// From 5 on it takes a mail for spam.
        case rated(score: Double, rules: [(name: String, score: Double)])
        /// Why it did not.
        case skipped(String)
    }

    /// From here on there is little room for what other filters find.
    static let high = 2.0
    private static let spam = 5.0

    let outcome: Outcome

    /// - Parameter source: the public address that mails come from, as the receiver's server would note it.
    static func rate(_ mails: inout [MailPreflight], from source: String?) async throws {
        guard let program = program() else {
            for index in mails.indices {
                mails[index].spam = SpamRating(outcome: .skipped("SpamAssassin is not installed"))
            }
            return
        }
        for (index, rating) in try await ratings(of: mails, by: program, from: source) {
            mails[index].spam = rating
            if let finding = rating.finding { mails[index].findings.append(finding) }
        }
    }

    /// One for each processor at a time: each takes a second or two.
    private static func ratings(
        of mails: [MailPreflight], by program: String, from source: String?
    ) async throws -> [(Int, SpamRating)] {
        try await withThrowingTaskGroup(of: (Int, SpamRating).self) { group in
            var ratings: [(Int, SpamRating)] = []
            for (index, mail) in mails.enumerated() {
                guard let letter = mail.letter else { continue }
                if index >= ProcessInfo.processInfo.activeProcessorCount, let one = try await group.next() {
                    ratings.append(one)
                }
                group.addTask {
                    let mail = received(letter.data, from: letter.from, at: source)
                    return (index, SpamRating(outcome: try await rate(mail, by: program)))
                }
            }
            for try await one in group { ratings.append(one) }
            return ratings
        }
    }

    private static func program() -> String? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
        return folders.map { "\($0)/spamassassin" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// As it lies with whoever received it, from a server of the internet's: the rules mind mails that came from nowhere.
    static func received(_ data: [UInt8], from sender: String, at source: String?) -> [UInt8] {
        let (date, host) = (MachineClock.host.now.mailDate, sender.split(separator: "@").last ?? "mail.example")
        // Of the documentation's networks the rules know that they are nobody's.
        let address = source ?? "93.184.215.14"
        let head = """
            Return-Path: <\(sender)>\r
            Received: from mail.\(host) (mail.\(host) [\(address)])\r
            \tby mx.receiver.example with ESMTPS id 4X1; \(date)\r\n
            """
        return Array(head.utf8) + data
    }

    private static func rate(_ mail: [UInt8], by program: String) async throws -> Outcome {
        let home = FileManager.default.temporaryDirectory.appendingPathComponent("loods-spam-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: home) }
        let (input, output) = (home.appendingPathComponent("mail.eml"), home.appendingPathComponent("rated.eml"))
        try Data(mail).write(to: input)
        try Data().write(to: output)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = [
            "-L", "-x", "--cf=use_bayes 0", "--cf=report_safe 0", "--cf=fold_headers 0",
            "--cf=add_header all Scores _TESTSSCORES(,)_",
        ]
        process.environment = ["HOME": home.path, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"]
        process.currentDirectoryURL = home
        process.standardInput = try FileHandle(forReadingFrom: input)
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = FileHandle.nullDevice
        let (ends, end) = AsyncStream.makeStream(of: Int32.self)
        process.terminationHandler = { end.yield($0.terminationStatus) }
        try process.run()
        let status = await ends.first { _ in true } ?? -1
        guard status == 0 else { return .skipped("SpamAssassin ended with \(status)") }
        return read(String(decoding: try Data(contentsOf: output), as: UTF8.self))
    }

    /// The header that it adds.
    static func read(_ mail: String) -> Outcome {
        func value(_ name: String) -> Substring? {
            mail.firstRange(of: "\(name): ").map { mail[$0.upperBound...].prefix { !$0.isNewline } }
        }
        let score = value("X-Spam-Status").flatMap { status in
            status.firstRange(of: "score=").flatMap { Double(status[$0.upperBound...].prefix { $0 != " " }) }
        }
        guard let score else { return .skipped("SpamAssassin gave no score") }
        let rules = value("X-Spam-Scores")?.split(separator: ",").compactMap { rule -> (name: String, score: Double)? in
            let parts = rule.split(separator: "=")
            return parts.count == 2 ? Double(parts[1]).map { (String(parts[0]), $0) } : nil
        }
        return .rated(score: score, rules: (rules ?? []).sorted { ($1.score, $0.name) < ($0.score, $1.name) })
    }

    /// What is to be mended, where it is much.
    var finding: PreflightFinding? {
        guard case .rated(let score, let rules) = outcome, score >= Self.high else { return nil }
        let worst = rules.filter { $0.score > 0 }.prefix(5).map { "\($0.name) \($0.score)" }.joined(separator: ", ")
        return PreflightFinding(
            score >= Self.spam ? .error : .warning, "spam",
            score >= Self.spam
                ? "SpamAssassin takes it for spam: \(score)" : "SpamAssassin gives it \(score); from 5 on it is spam",
            help: worst)
    }
}
