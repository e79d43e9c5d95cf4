import DNS
import Delivery
import Foundation
import Mail
import Networks
import Preflight
import Workspaces

/// Asks DNS what checks want to know.
struct Names {
    /// Policies that lead on and on end.
    private static let most = 600

    private let resolver: DNSResolver

    init(_ resolver: DNSResolver) { self.resolver = resolver }

    /// Looks, asks what was missing, and looks again, until nothing is.
    func findings(of plan: SendingPlan) async -> [PreflightFinding] {
        var known: [NameQuestion: NameAnswer] = [:]
        while true {
            var view = NameView(known)
            let findings = plan.findings(in: &view)
            guard !view.missing.isEmpty, known.count < Self.most else { return findings }
            await withTaskGroup(of: (NameQuestion, NameAnswer).self) { group in
                for question in view.missing { group.addTask { (question, await answer(to: question)) } }
                for await (question, answer) in group { known[question] = answer }
            }
        }
    }

    private func answer(to question: NameQuestion) async -> NameAnswer {
        switch await resolver.ask(question.name, for: DNSRecord.Kind(question.kind)) {
        case .records(let records): .records(records.map(\.words))
        case .nothing: .nothing
        case .failed(let reason): .failed(reason.words)
        }
    }
}

extension DNSRecord.Kind {
    fileprivate init(_ kind: NameQuestion.Kind) {
        self =
            switch kind {
            case .txt: .txt
            case .a: .a
            case .aaaa: .aaaa
            case .mx: .mx
            case .ptr: .ptr
            case .cname: .cname
            }
    }
}

extension DNSRecord {
    /// As `NameAnswer` has them.
    fileprivate var words: String {
        switch self {
        case .text(let text): text
        case .address(let address): address
        case .exchange(let preference, let host): "\(preference) \(host)"
        case .name(let name): name
        }
    }
}

extension DNSAnswer.Reason {
    fileprivate var words: String {
        switch self {
        case .timeOut: "the name server does not answer"
        case .refused: "the name server refuses"
        case .malformed: "the answer cannot be read"
        case .failed: "the name server cannot be asked"
        }
    }
}

extension SendingPlan {
    /// Nil where the address has no domain that DNS could know.
    init?(of sender: String, in workspace: Workspace, keys: DKIMKeyRing, sources: [NetworkAddress], helo: String?) {
        guard let from = (try? MailAddress(sender))?.domain else { return nil }
        self.init(from: from.name)
        (self.sources, self.helo) = (sources, helo)
        guard let domain = workspace.sendingDomains.domain(of: from) else { return }
        signer = domain.selectors.isEmpty ? nil : domain.domain.name
        self.keys = domain.selectors.map { selector in
            Key(
                record: "\(selector)._domainkey.\(domain.domain.name)",
                text: keys[domain.domain, selector].map { DKIMRecord(selector, domain.domain, $0).text })
        }
        (bounceHost, trackingHost) = (domain.bounceHost?.name, domain.trackingHost?.name)
    }
}

/// By which servers mails leave, where the environment says.
struct MailRoute {
    let relays: [RelaySettings]
    let helo: String

    /// The addresses that connections are made from.
    var sources: [String] { relays.compactMap(\.sourceAddress) }

    /// Nil where `LOODS_SMTP` is not set.
    static func environment() throws -> MailRoute? {
        let environment = ProcessInfo.processInfo.environment
        guard environment["LOODS_SMTP"] != nil || environment["LOODS_SMTP_FILE"] != nil else { return nil }
        let settings = try Settings.read { MailRouteSettings(&$0, host: ProcessInfo.processInfo.hostName) }
        return MailRoute(relays: try settings.relays(), helo: settings.helo)
    }
}
