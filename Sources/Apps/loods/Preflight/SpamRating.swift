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

    /// Shares of the mails beside each other, one for each processor: starting a process takes a second or two, a mail a
    /// small part of that.
    private static func ratings(
        of mails: [MailPreflight], by program: String, from source: String?
    ) async throws -> [(Int, SpamRating)] {
        let letters = mails.enumerated().compactMap { index, mail in
            mail.letter.map { (index: index, mail: received($0.data, from: $0.from, at: source)) }
        }
        let processors = ProcessInfo.processInfo.activeProcessorCount
        let share = max(1, (letters.count + processors - 1) / processors)
        return try await withThrowingTaskGroup(of: [(Int, SpamRating)].self) { group in
            for start in stride(from: 0, to: letters.count, by: share) {
                let part = letters[start..<min(start + share, letters.count)]
                group.addTask {
                    let outcomes = try await rate(part.map(\.mail), by: program)
                    return zip(part, outcomes).map { ($0.index, SpamRating(outcome: $1)) }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
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

    /// - Returns: the outcome of each mail.
    private static func rate(_ mails: [[UInt8]], by program: String) async throws -> [Outcome] {
        let home = FileManager.default.temporaryDirectory.appendingPathComponent("loods-spam-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: home) }
        let output = home.appendingPathComponent("rated")
        try Data().write(to: output)
        for (index, mail) in mails.enumerated() {
            try Data(mail).write(to: home.appendingPathComponent("\(index).eml"))
        }
        // A name that no mail can have guessed tells its headers from theirs.
        let mark = UUID().uuidString
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments =
            [
                "-L", "-x", "--cf=use_bayes 0", "--cf=report_safe 0", "--cf=fold_headers 0",
                "--cf=add_header all \(mark) _SCORE_ _TESTSSCORES(,)_",
            ] + mails.indices.map { "\($0).eml" }
        process.environment = ["HOME": home.path, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"]
        process.currentDirectoryURL = home
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = FileHandle.nullDevice
        let (ends, end) = AsyncStream.makeStream(of: Int32.self)
        process.terminationHandler = { end.yield($0.terminationStatus) }
        try process.run()
        let status = await ends.first { _ in true } ?? -1
        let outcomes = status == 0 ? read(String(decoding: try Data(contentsOf: output), as: UTF8.self), mark) : []
        if outcomes.count == mails.count { return outcomes }
        let reason = status == 0 ? "gave \(outcomes.count) scores to \(mails.count) mails" : "ended with \(status)"
        return mails.map { _ in .skipped("SpamAssassin \(reason)") }
    }

    /// The headers that it adds, one in each mail: a score, and the rules that gave it.
    private static func read(_ mails: String, _ mark: String) -> [Outcome] {
        let name = "X-Spam-\(mark): "
        return mails.split(whereSeparator: \.isNewline).compactMap { line in
            guard line.hasPrefix(name) else { return nil }
            let words = line.dropFirst(name.count).split(separator: " ")
            guard let score = words.first.flatMap({ Double($0) }) else { return nil }
            let rules = words.dropFirst().joined().split(separator: ",").compactMap { rule in
                let parts = rule.split(separator: "=")
                return parts.count == 2 ? Double(parts[1]).map { (name: String(parts[0]), score: $0) } : nil
            }
            return .rated(score: score, rules: rules.sorted { ($1.score, $0.name) < ($0.score, $1.name) })
        }
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
