import ArgumentParser
import DNS
import Delivery
import Foundation
import Model
import Networks
import Preflight
import ServiceRuntime
import Workspaces

struct PreflightCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preflight", abstract: "Look at e-mails and their sending domains as receivers will.",
        discussion: """
            Composes each e-mail as mailers do, in each of its languages, in each wording for personas and stages and with each \
            variant of its blocks, for a contact that is made up, and looks for what mail programs, filters and readers would \
            mind. What DNS says of the domains that they are from is asked of the system's \
            resolver, or of another. SpamAssassin rates them where it is installed, by its rules alone: it asks nobody.

            LOODS_DKIM_KEYS names the keys that are compared with those in DNS, LOODS_PUBLIC_URL where links begin, LOODS_SMTP \
            and LOODS_HELO by which servers mails leave. Exit code 1 where a finding is an error.
            """)

    @Argument(help: "The e-mails' names; all of the workspace by default.")
    var emails: [String] = []
    @Option(help: "The workspace's folder.")
    var folder = "."
    @Option(help: "The name server to ask, such as 127.0.0.1:53; the system's by default.")
    var resolver: String?
    @Flag(help: "Ask no name server.")
    var offline = false
    @Option(
        help: "A public address that mails come from; may be given several times. By default the source= of LOODS_SMTP."
    )
    var source: [String] = []
    @OptionGroup var sample: SampleOptions
    @Flag(inversion: .prefixedNo, help: "Have SpamAssassin rate them.")
    var spam = true
    @Option(
        help:
            "A folder for pictures of them, on a telephone and a desk, by day and by night; by Chromium (LOODS_CHROMIUM)."
    )
    var pictures: String?
    @OptionGroup var format: FormatOption

    func validate() throws {
        if let bad = source.first(where: { NetworkAddress($0) == nil }) {
            throw ValidationError("\"\(bad)\" is not an IP address.")
        }
        if let resolver { do { _ = try DNSResolver(server: resolver) } catch { throw ValidationError("\(error).") } }
    }

    func run() async throws {
        let files = try WorkspaceFolder(folder)
        let workspace = try SampleOptions.workspace(of: files)
        let chosen = try SampleOptions.choose(emails, of: workspace)
        let composing = try sample.composing(workspace)
        var report = PreflightReport(workspace: workspace.name)
        report.domains = offline ? [] : try await domains(of: chosen, workspace)
        var mails = chosen.flatMap { MailPreflight.all(of: $0, composing, files.files) }
        if spam { try await SpamRating.rate(&mails, from: source.first) }
        if let pictures { try await MailPreflight.draw(&mails, into: pictures) }
        report.mails = mails
        if format.json { Console.show(report.json) } else { report.tell() }
        if report.count(.error) > 0 { throw ArgumentParser.ExitCode(1) }
    }

    private func domains(of emails: [EmailDefinition], _ workspace: Workspace) async throws -> [PreflightReport.Domain]
    {
        let route = try MailRoute.environment()
        let keys = try Settings.read { MailRouteSettings.keys(&$0) }
        let addresses = source.isEmpty ? route?.sources ?? [] : source
        var domains: [PreflightReport.Domain] = []
        for sender in Set(emails.map { ($0.sender ?? workspace.sender).address }).sorted() {
            guard
                let plan = SendingPlan(
                    of: sender, in: workspace, keys: keys, sources: addresses.compactMap { NetworkAddress($0) },
                    helo: route?.helo), !domains.contains(where: { $0.name == plan.from })
            else { continue }
            let findings = await Names(try DNSResolver(server: resolver)).findings(of: plan)
            domains.append(PreflightReport.Domain(name: plan.from, findings: findings))
        }
        return domains
    }
}
