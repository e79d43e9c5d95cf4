import Bounces
import Foundation
import TestSupport
import Testing

/// Mails of Sisimai's and flufl.bounce's own tests, by their labels. Agreement is agreement with those, not truth.
@Suite(.enabled(if: BounceCorpus.isThere, "LOODS_TEST_DATA has no sisimai-bounces and flufl-bounce"))
struct CorpusTests {
    private static let enough = 0.95

    @Test func recipientsAreNamedAndStatusesAgree() throws {
        let labels = try BounceCorpus.labels("sisimai-bounces/labels.csv")
        var (bounces, named, labelled, agreeing) = (0, 0, 0, 0)
        for (name, bytes) in try BounceCorpus.mails("sisimai-bounces/messages") {
            let rows = try #require(labels[name], "\(name) has no label")
            let found = BounceReader.read(bytes)
            switch rows[0]["reason"] {
            case "vacation": #expect(found.map(\.class) == [.autoReply], "\(name)")
            case "feedback": #expect(found.map(\.class) == [.complaint], "\(name)")
            default:
                bounces += 1
                named += found.contains { Self.isRecipient($0, in: bytes) } ? 1 : 0
                guard let status = rows[0]["delivery_status"], let digit = status.first else { continue }
                labelled += 1
                agreeing += found[0].status.map { "\($0)".first == digit } ?? false ? 1 : 0
            }
        }
        #expect(bounces > 200 && Double(named) >= Self.enough * Double(bounces), "\(named) of \(bounces) named")
        #expect(
            labelled > 200 && Double(agreeing) >= Self.enough * Double(labelled), "\(agreeing) of \(labelled) agree")
    }

    /// Whether the address stands in the mail, and is neither its sender's nor a postmaster's.
    private static func isRecipient(_ bounce: Bounce, in mail: [UInt8]) -> Bool {
        guard let recipient = bounce.recipient?.lowercased(), ![.none, .autoReply].contains(bounce.class) else {
            return false
        }
        let text = String(decoding: mail, as: UTF8.self).lowercased()
        let from = text.split(separator: "\n").first { $0.hasPrefix("from:") } ?? ""
        return text.contains(recipient) && !from.contains(recipient) && !recipient.hasPrefix("postmaster@")
            && !recipient.hasPrefix("mailer-daemon@")
    }

    @Test func whatIsNoBounceIsNone() throws {
        for (name, bytes) in try BounceCorpus.mails("sisimai-bounces/not") {
            #expect(BounceReader.read(bytes).map(\.class) == [.none], "\(name)")
        }
    }

    @Test func recipientsEqualTheLabels() throws {
        let labels = try BounceCorpus.labels("flufl-bounce/labels.csv")
        var (bounces, equal) = (0, 0)
        for (name, bytes) in try BounceCorpus.mails("flufl-bounce/messages") {
            let row = try #require(labels[name]?.first, "\(name) has no label")
            let columns = ["table_permanent", "table_temporary", "all_failures_permanent", "all_failures_temporary"]
            let expected = Set(columns.flatMap { (row[$0] ?? "").lowercased().split(separator: " ").map(String.init) })
            guard !expected.isEmpty else { continue }
            bounces += 1
            let found = BounceReader.read(bytes).filter { ![.none, .delivered, .autoReply].contains($0.class) }
            equal += Set(found.compactMap { $0.recipient?.lowercased() }) == expected ? 1 : 0
        }
        #expect(bounces > 40 && Double(equal) >= Self.enough * Double(bounces), "\(equal) of \(bounces) equal")
    }

    @Test func noPartOfAMailIsTooMuchOrTooLittle() throws {
        var dice = Dice(seed: 20_261_127)
        for (_, bytes) in try BounceCorpus.mails("sisimai-bounces/messages") where bytes.count < 20_000 {
            for _ in 0..<4 {
                var mail = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &dice)))
                for _ in 0..<Int.random(in: 0..<8, using: &dice) where !mail.isEmpty {
                    mail[Int.random(in: 0..<mail.count, using: &dice)] = UInt8.random(in: 0...255, using: &dice)
                }
                let found = BounceReader.read(mail)
                #expect(!found.isEmpty)
                for bounce in found where [.invalid, .mailbox, .policy, .content, .transient].contains(bounce.class) {
                    #expect(bounce.status != nil)
                }
            }
        }
    }
}
