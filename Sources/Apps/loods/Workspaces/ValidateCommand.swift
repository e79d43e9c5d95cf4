import ArgumentParser
import Mail
import Model
import ServiceRuntime
import Simulation
import Transit
import Workspaces

struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate", abstract: "Check a workspace's files.",
        discussion: "Exit code 1 where a finding is an error; warnings alone are no reason.")

    @Argument(help: "The workspace's folder.")
    var folder = "."
    @Option(
        help: "How long the log is kept where it is applied (see loods log), such as 400d: longer windows are errors.",
        transform: Self.span)
    var retention: Span?
    @Option(
        help:
            "The folder of the keys that sign mails, to be looked through for those that are missing; LOODS_DKIM_KEYS by default."
    )
    var dkimKeys: String?
    @OptionGroup var format: FormatOption

    private static func span(_ text: String) throws -> Span {
        guard let span = Span(text), span > .zero else {
            throw ValidationError("\"\(text)\" is no length of time such as 400d.")
        }
        return span
    }

    func run() throws {
        let folder = try WorkspaceFolder(folder)
        var loaded = Workspace.Loaded(folder: folder, retention: retention)
        // Names in tests are those of a sound workspace.
        if let workspace = loaded.workspace {
            loaded.findings +=
                workspace.tests(in: folder.tests).findings
                + SameDayReview(workspace).findings(today: MachineClock.host.now)
        }
        loaded.findings += try missingKeys(in: folder)
        if format.json {
            Console.show(.array(loaded.findings.map(\.json)))
        } else {
            for finding in loaded.findings { print(finding) }
            print(loaded.summary)
        }
        if loaded.hasErrors { throw ArgumentParser.ExitCode(1) }
    }

    /// Nothing where no folder of keys is named: keys lie with mailers, not with those who write definitions.
    private func missingKeys(in folder: WorkspaceFolder) throws -> [Finding] {
        let named = try dkimKeys ?? Settings.read { $0.string("LOODS_DKIM_KEYS", meaning: "The folder of keys.") }
        guard let named else { return [] }
        guard let entries = try? SecretFolder(named).entries() else {
            throw ExitFault(code: .settings, message: "\(named) is not a folder that can be read")
        }
        var ring = DKIMKeyRing()
        for entry in entries {
            // One that is of no use is as good as none.
            try? ring.add((try? entry.file.text()) ?? "", domain: entry.owner, selector: entry.name)
        }
        return Workspace.missingKeys(in: folder.files) { domain, selector in
            guard let domain = try? MailDomain(domain), let selector = try? DKIMSelector(selector) else { return false }
            return ring[domain, selector] != nil
        }
    }
}

extension Finding {
    var json: JSON {
        .object([
            "file": .string(file), "line": .int(Int64(line)), "column": .int(Int64(column)),
            "severity": .string(severity.rawValue), "code": .string(code.rawValue), "message": .string(message),
            "help": help.map { .string($0) } ?? .null,
        ])
    }
}

extension Workspace.Loaded {
    /// A folder as people look at it: what services would not mind included.
    init(folder: WorkspaceFolder, retention: Span? = nil) {
        let loaded = Workspace.load(files: folder.files, retention: retention)
        let found =
            loaded.workspace == nil ? [] : Workspace.review(files: folder.files, today: MachineClock.host.now)
        let isRefused = found.contains { $0.severity == .error }
        self.init(
            workspace: isRefused ? nil : loaded.workspace, findings: Set(loaded.findings + found).sorted())
    }

    /// `2 errors, 1 warning`, or what the workspace holds.
    var summary: String {
        let errors = findings.count { $0.severity == .error }
        let warnings = findings.count - errors
        let counts = [
            errors > 0 ? errors.counted("error") : nil, warnings > 0 ? warnings.counted("warning") : nil,
        ].compactMap(\.self).joined(separator: ", ")
        guard let workspace else { return counts }
        return "workspace \(workspace.name): \(workspace.summary)" + (counts.isEmpty ? "" : "; \(counts)")
    }
}

extension Workspace {
    /// `4 stages, 1 score, 2 journeys, 5 e-mails`.
    var summary: String {
        [
            stages.count.counted("stage"), scores.count.counted("score"), journeys.count.counted("journey"),
            emails.count.counted("e-mail"),
        ].joined(separator: ", ")
    }
}
