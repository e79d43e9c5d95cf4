import Preflight
import ServiceRuntime
import Workspaces

extension Proposal {
    /// Tells what readers and receivers would mind of its mails, as far as nobody need be asked for it.
    ///
    /// - Throws: `ExitFault` where there is an error, and the workspace wants none: `preflight: errors`.
    func refuseUnfitMails() throws {
        guard definitions.preflight != .none else { return }
        let composing = try Composing(definitions)
        var report = PreflightReport(workspace: definitions.name)
        report.mails = definitions.emails.values.sorted { $0.name < $1.name }.flatMap {
            MailPreflight.all(of: $0, composing)
        }
        for mail in report.mails {
            for finding in mail.findings where finding.severity == .error {
                Console.note("preflight of \(mail.name), \(finding.message)")
            }
        }
        let errors = report.count(.error)
        if errors > 0, definitions.preflight == .errors {
            throw ExitFault(
                code: .failures,
                message: "\(errors.counted("error")) in mails; loods preflight tells more. Nothing has been changed")
        }
        if errors + report.count(.warning) > 0 {
            Console.note("preflight of mails: \(report.summary); loods preflight tells which")
        }
    }
}
