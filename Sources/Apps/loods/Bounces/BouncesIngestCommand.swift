import ArgumentParser
import Bounces
import Contracts
import Foundation
import Links
import Messaging
import Model
import ServiceRuntime
import Transit

struct BouncesIngestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest", abstract: "Take in what a mail server has put into a maildir.",
        discussion: """
            Each mail in MAILDIR/new that was sent to an address with a token of ours (b+TOKEN@… where mails come back to, \
            u+TOKEN@… where people unsubscribe) goes to the queue "returns", from which mailers apply it; then it lies in \
            MAILDIR/cur as read. Others lie there too, and do nothing. What is taken in twice changes nothing.
            """)

    @Argument(help: "The maildir, with new and cur in it.")
    var maildir: String
    @Flag(help: "Go on with what comes, until interrupted.")
    var watch = false
    @OptionGroup var format: FormatOption

    /// How often a maildir is looked at.
    private static let pause = Duration.seconds(2)

    func run() async throws {
        let (broker, secrets) = try Settings.read { reader in
            (
                Settings.brokerURL(&reader),
                reader.required(
                    "LOODS_LINK_SECRET", type: "secret", range: "as the mailers have it", example: "k1:…",
                    expectation: "one or two entries id:base64 of 16 bytes or more", meaning: "The mailers' secret.",
                    isSecret: true, parse: LinkSecret.list) ?? []
            )
        }
        let box = try Maildir(maildir)
        let (tokens, goesOn) = (try MailTokens(secrets: secrets), watch)
        if watch { Interruption.watch() }
        let account = try await Publisher.lend(broker) { publisher in
            var account = try await box.takeIn(tokens, publisher)
            while goesOn, !Interruption.hasCome {
                try await Task.sleep(for: Self.pause)
                account.merge(try await box.takeIn(tokens, publisher)) { $0 + $1 }
            }
            return account
        }
        show(account)
    }

    private func show(_ account: [String: Int64]) {
        if format.json { return Console.show(.object(account.mapValues { .int($0) })) }
        let total = account.values.reduce(0, +)
        let parts = account.sorted { $0.key < $1.key }.map { "\($0.value.grouped) \($0.key)" }
        print("\(total.counted("mail")) taken in\(parts.isEmpty ? "" : ": \(parts.joined(separator: ", "))")")
    }
}

/// A folder of mails as mail servers fill it: what is in `new` nobody has seen, what is in `cur` somebody has.
private struct Maildir: Sendable {
    private let path: String

    init(_ path: String) throws {
        for folder in ["new", "cur"] {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: "\(path)/\(folder)", isDirectory: &isFolder),
                isFolder.boolValue
            else {
                throw ExitFault(
                    code: .settings,
                    message: "\(path) is no maildir: there is no \(folder) in it; a mail server makes it")
            }
        }
        self.path = path
    }

    /// - Returns: how many mails there were of each kind.
    func takeIn(_ tokens: MailTokens, _ publisher: Publisher) async throws -> [String: Int64] {
        var account: [String: Int64] = [:]
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(path)/new").filter { !$0.hasPrefix(".") }
        for name in names.sorted() {
            let returned = read(try mail(name), tokens)
            for mail in returned { try await publisher.publish(mail.encoded, to: .returns, lane: .live) }
            try FileManager.default.moveItem(atPath: "\(path)/new/\(name)", toPath: "\(path)/cur/\(name):2,S")
            account[returned.first?.kind.word ?? "of nobody", default: 0] += 1
        }
        return account
    }

    private func mail(_ name: String) throws -> Data {
        guard let handle = FileHandle(forReadingAtPath: "\(path)/new/\(name)") else {
            throw ExitFault(code: .settings, message: "\(path)/new/\(name) cannot be read")
        }
        defer { try? handle.close() }
        // Nothing behind it is looked at.
        return try handle.read(upToCount: 1 << 20) ?? Data()
    }

    private func read(_ mail: Data, _ tokens: MailTokens) -> [ReturnedMail] {
        let envelope = BounceReader.envelope(of: mail)
        var marks: Set<MessageMark> = []
        return envelope.recipients.compactMap { recipient in
            guard let (purpose, mark) = tokens.read(recipient), marks.insert(mark).inserted else { return nil }
            return ReturnedMail(
                mail, to: mark, isUnsubscribing: purpose == .unsubscribe, hasReturnPath: envelope.hasSender,
                receivedAt: MachineClock.host.now, means: "maildir")
        }
    }
}
