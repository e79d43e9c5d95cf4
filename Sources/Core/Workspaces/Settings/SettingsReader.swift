import JourneyProgram
import Mail
import Model
import Pacing
import SendGate

/// Reads `workspace.yaml`.
struct SettingsReader {
    struct Settings {
        var name: String
        var zone: LocalZone
        /// The language that its e-mails are in where they say nothing else.
        var locale: LanguageTag?
        var sender: Sender
        var replyTo: String?
        var postalAddress: String
        var sendingDomains = SendingDomains()
        var topics: [Topic]
        var holidays = Holidays()
        var targets = Targets()
        var policy = SendPolicy()
        /// What apply makes of what preflight finds.
        var preflight = PreflightRigour.warnings
        /// Whom tests of mails are sent to.
        var seeds: [String] = []
        var pace = SendPace()

        /// Over what runs and mails take from the settings: the same however the file writes them.
        var digest: UniqueID {
            let digest = UniqueID.derived(
                "loods.settings", name, zone.name, sender.name, sender.address, replyTo ?? "", postalAddress)
            let dated = holidays.isEmpty ? digest : .derived("loods.settings", "\(digest)", "\(holidays)")
            return locale.map { .derived("loods.settings", "\(dated)", "locale", $0.description) } ?? dated
        }
    }

    private let inspection: Inspection
    private let retention: Span?

    /// - Parameter retention: how long the log is kept; nil: for good.
    init(_ inspection: Inspection, retention: Span? = nil) {
        self.inspection = inspection
        self.retention = retention
    }

    func read() -> Settings? {
        let keys = [
            "workspace", "time_zone", "locale", "sender", "reply_to", "address", "sending_domains", "topics",
            "holidays", "webhooks", "notify", "post", "quiet_hours", "frequency_caps", "hold_out", "hygiene", "sites",
            "pace", "preflight", "seeds", "lifetimes", "on_unknown", "untracked",
        ]
        guard let fields = Fields(inspection.file.root, of: "workspace.yaml", keys: keys, in: inspection) else {
            return nil
        }
        let name = fields.required("workspace").flatMap { inspection.name($0, "a workspace's name") }
        let zone = fields.required("time_zone", help: "such as Europe/Amsterdam").flatMap(self.zone)
        let locale = fields["locale"].map { inspection.language($0, "the locale") }
        let sender = fields.required("sender").flatMap { SenderReader(inspection).read($0) }
        let replyTo = fields["reply_to"].map { SenderReader(inspection).address($0) }
        let postal = fields.required("address", help: "commercial mail must carry a postal address")
            .flatMap { inspection.text($0, "the postal address") }
        let domainsReader = SendingDomainsReader(inspection)
        let domains = fields.list("sending_domains").map(domainsReader.read) ?? SendingDomains()
        domainsReader.check(sender?.address, in: domains, at: fields["sender"])
        let topics =
            fields.list("topics").map(TopicsReader(inspection, locale: locale ?? nil, retention: retention).read) ?? []
        let holidays = fields.list("holidays").map(self.holidays) ?? Holidays()
        let targets = TargetsReader(inspection).read(fields)
        var policy = PolicyReader(inspection, topics: topics.map(\.name), retention: retention).read(
            fields, of: name ?? "")
        for topic in topics where !topic.restsOnConsent { policy.bases[topic.name] = topic.basis }
        let rigour = fields["preflight"].map(self.rigour) ?? .warnings
        let seeds = fields.list("seeds")?.compactMap { SenderReader(inspection).address($0) } ?? []
        let pace = PaceReader(inspection).read(fields, sendingDomains: domains)
        guard let name, let zone, let sender, let postal else { return nil }
        return Settings(
            name: name, zone: zone, locale: locale ?? nil, sender: sender, replyTo: replyTo ?? nil,
            postalAddress: postal, sendingDomains: domains, topics: topics, holidays: holidays, targets: targets,
            policy: policy, preflight: rigour, seeds: seeds, pace: pace)
    }

    private func rigour(_ node: YAMLNode) -> PreflightRigour {
        let known = PreflightRigour.allCases.map(\.rawValue)
        return inspection.reference(node, "rigour", among: known, called: "rigours")
            .flatMap { PreflightRigour(rawValue: $0) } ?? .warnings
    }

    private func zone(_ node: YAMLNode) -> LocalZone? {
        guard let name = inspection.text(node, "a time zone") else { return nil }
        if let zone = LocalZone(name) { return zone }
        inspection.report(
            .unknownName, "unknown time zone \"\(name)\"", at: node.place,
            help: "a name of the IANA database, such as Europe/Amsterdam, or UTC")
        return nil
    }

    private func holidays(_ nodes: [YAMLNode]) -> Holidays {
        var holidays = Holidays()
        for node in nodes where !holidays.add(node.text ?? "") {
            inspection.report(
                .invalid, "a holiday is a date", at: node.place, help: "such as 2026-04-06, or 12-25 for every year")
        }
        if let first = nodes.first, holidays.count > Holidays.limit {
            inspection.report(.invalid, "there are more than \(Holidays.limit) holidays", at: first.place)
        }
        return holidays
    }
}
