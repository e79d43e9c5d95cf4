import ArgumentParser
import Bounces
import Foundation
import Model
import ServiceRuntime

struct BouncesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bounces", abstract: "Read what comes back of mails.",
        subcommands: [BouncesClassifyCommand.self, BouncesIngestCommand.self])
}

struct BouncesClassifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "classify", abstract: "Tell what mails that came back say of whom.",
        discussion: """
            A line for each recipient that a mail names. Classes: invalid (no such address), mailbox (full or disabled), \
            policy (the sender is not wanted), content (the mail is not wanted), transient (not now), complaint, \
            auto-reply, delivered, none (no report).
            """)

    @Argument(help: "Files of one mail each, or folders of them.")
    var paths: [String]
    @OptionGroup var format: FormatOption

    func run() throws {
        let files = try paths.flatMap(Self.files)
        let found = try files.map { ($0, BounceReader.read(try Self.mail($0))) }
        if format.json {
            Console.show(.array(found.flatMap { file, bounces in bounces.map { Self.report($0, of: file) } }))
        } else {
            for (file, bounces) in found { bounces.forEach { Self.show($0, of: file) } }
        }
    }

    /// In folders, all but hidden files, by their names.
    private static func files(at path: String) throws -> [String] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw ExitFault(code: .settings, message: "there is no \(path)")
        }
        guard isFolder.boolValue else { return [path] }
        let names = try FileManager.default.contentsOfDirectory(atPath: path).filter { !$0.hasPrefix(".") }.sorted()
        return try names.flatMap { try files(at: "\(path)/\($0)") }
    }

    private static func mail(_ path: String) throws -> Data {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw ExitFault(code: .settings, message: "\(path) cannot be read")
        }
        defer { try? handle.close() }
        // Nothing behind it is looked at.
        return try handle.read(upToCount: 1 << 20) ?? Data()
    }

    private static func report(_ bounce: Bounce, of file: String) -> JSON {
        .object([
            "file": .string(file), "recipient": bounce.recipient.map { .string($0) } ?? .null,
            "class": .string(bounce.class.rawValue), "status": bounce.status.map { .string("\($0)") } ?? .null,
            "reply_code": bounce.replyCode.map { .int(Int64($0)) } ?? .null, "reason": .string(bounce.reason),
        ])
    }

    private static func show(_ bounce: Bounce, of file: String) {
        let codes = [bounce.status.map { "\($0)" }, bounce.replyCode.map { "\($0)" }].compactMap(\.self)
        let columns = [
            bounce.class.rawValue.padded(to: 10), codes.joined(separator: " ").padded(to: 11),
            bounce.recipient ?? "–", Console.dim(bounce.reason),
        ]
        print("\(Console.safe(file))\n  " + columns.map(Console.safe).joined(separator: "  "))
    }
}
