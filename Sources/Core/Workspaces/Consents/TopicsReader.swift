import Model
import SendGate

/// Reads `topics` of `workspace.yaml`.
struct TopicsReader {
    private static let keys = [
        "topic", "wording", "version", "earlier", "title", "double_opt_in", "basis", "sale", "balancing_test",
    ]
    private static let bases = ["consent", "soft_opt_in", "legitimate_interest"]
    /// How long a request, and a sale, may count.
    private static let longestRequest = Span.days(30)
    private static let longestSale = Span.days(3 * 366)

    private let inspection: Inspection
    private let locale: LanguageTag?
    private let retention: Span?

    /// - Parameter retention: how long the log is kept, which has the sales; nil: for good.
    init(_ inspection: Inspection, locale: LanguageTag?, retention: Span? = nil) {
        self.inspection = inspection
        self.locale = locale
        self.retention = retention
    }

    func read(_ nodes: [YAMLNode]) -> [Topic] {
        var topics: [Topic] = []
        for node in nodes {
            guard let topic = topic(node) else { continue }
            if topics.contains(where: { $0.name == topic.name }) {
                inspection.report(.duplicate, "the topic \"\(topic.name)\" stands twice", at: node.place)
            } else {
                topics.append(topic)
            }
        }
        return topics
    }

    private func topic(_ node: YAMLNode) -> Topic? {
        guard let fields = Fields(node, of: "a topic", keys: Self.keys, in: inspection) else { return nil }
        let name = fields.required("topic").flatMap { inspection.name($0, "a topic's name") }
        let wording = fields.required("wording", help: "what a person says yes to").flatMap {
            localized($0, "the wording")
        }
        let version = fields["version"].map(self.version) ?? 1
        let title = fields["title"].flatMap { localized($0, "the title") }
        let confirmation = fields["double_opt_in"].flatMap(self.confirmation)
        let basis = basis(fields)
        let earlier = self.earlier(fields.list("earlier") ?? [], before: version ?? 1)
        if confirmation != nil, basis != .consent, let place = fields["double_opt_in"]?.place {
            inspection.report(
                .invalid,
                "only consent is confirmed, and this topic's mail rests on \(basis?.name ?? "something else")",
                at: place, help: "leave out \"double_opt_in\", or \"basis\"")
        }
        guard let name, let wording, let version else { return nil }
        return Topic(
            name: name, wordings: wording, version: version, earlier: earlier, title: title, basis: basis ?? .consent,
            confirmation: confirmation)
    }

    // MARK: Wordings

    /// One text, or texts by language.
    private func localized(_ node: YAMLNode, _ what: String) -> LocalizedText? {
        guard let members = node.members else {
            return inspection.text(node, what).map { LocalizedText($0, in: locale) }
        }
        var texts: [LanguageTag: String] = [:]
        for member in members {
            guard let tag = inspection.language(member.key, "the key", at: member.keyPlace) else { continue }
            texts[tag] = inspection.text(member.value, what)
        }
        guard let locale else {
            inspection.report(
                .missing, "workspace.yaml does not say which language is the workspace's own", at: node.place,
                help: "give it a \"locale\", such as locale: en")
            return nil
        }
        guard let own = texts.removeValue(forKey: locale) else {
            inspection.report(
                .missing, "\(what) is not there in \"\(locale)\"", at: node.place,
                help: "that is the language of the workspace")
            return nil
        }
        return LocalizedText(own, in: locale, others: texts)
    }

    private func version(_ node: YAMLNode) -> Int? {
        if let version = node.text.flatMap({ Int($0) }), (1...1_000_000).contains(version) { return version }
        inspection.report(.invalid, "a version must be a whole number from 1", at: node.place)
        return nil
    }

    private func earlier(_ nodes: [YAMLNode], before current: Int) -> [Topic.EarlierWording] {
        var wordings: [Topic.EarlierWording] = []
        for node in nodes {
            let keys = ["version", "wording"]
            guard let fields = Fields(node, of: "an earlier wording", keys: keys, in: inspection),
                let version = fields.required("version").flatMap(self.version),
                let wording = fields.required("wording").flatMap({ localized($0, "the wording") })
            else { continue }
            if version >= current || wordings.contains(where: { $0.version == version }) {
                inspection.report(
                    .invalid, "version \(version) is none before \(current), or stands twice", at: node.place)
            } else {
                wordings.append(Topic.EarlierWording(version: version, wording: wording))
            }
        }
        return wordings
    }

    // MARK: Confirmation

    /// `true`, or how.
    private func confirmation(_ node: YAMLNode) -> Topic.Confirmation? {
        guard node.members != nil else {
            guard inspection.flag(node, "\"double_opt_in\"") == true else { return nil }
            return Topic.Confirmation(within: Topic.patience, place: node.place)
        }
        guard let fields = Fields(node, of: "\"double_opt_in\"", keys: ["within", "email"], in: inspection) else {
            return nil
        }
        let within = fields["within"].map { span($0, "\"within\"", most: Self.longestRequest) } ?? Topic.patience
        let email = fields["email"].map { inspection.name($0, "an e-mail's name") }
        guard let within else { return nil }
        return Topic.Confirmation(
            within: within, email: email ?? nil, place: fields["email"]?.place ?? node.place)
    }

    private func span(_ node: YAMLNode, _ what: String, most: Span) -> Span? {
        guard let span = inspection.span(node, what) else { return nil }
        guard span > .zero, span <= most else {
            inspection.report(.invalid, "\(what) is \(most) at the most", at: node.place)
            return nil
        }
        return span
    }

    // MARK: Legal basis

    private func basis(_ fields: Fields) -> LegalBasis? {
        let name = fields["basis"].flatMap {
            inspection.reference($0, "basis", among: Self.bases, called: "legal bases")
        }
        if fields["basis"] != nil, name == nil { return nil }
        for (key, owner) in [("sale", "soft_opt_in"), ("balancing_test", "legitimate_interest")] {
            guard let node = fields[key], name != owner else { continue }
            inspection.report(.invalid, "\"\(key)\" goes with \"basis: \(owner)\"", at: node.place)
        }
        switch name {
        case "soft_opt_in":
            let help = "sale: {event: Order Completed, within: 365d, similar_products: …, opt_out: …}"
            return fields.required("sale", help: help).flatMap(softOptIn).map { .softOptIn($0) }
        case "legitimate_interest":
            let help = "weigh the interests, and name the document: balancing_test: {document: LIA-7, date: 2026-03-01}"
            return fields.required("balancing_test", help: help).flatMap(balancingTest).map { .legitimateInterest($0) }
        default: return .consent
        }
    }

    private func softOptIn(_ node: YAMLNode) -> SoftOptIn? {
        let keys = ["event", "within", "similar_products", "opt_out"]
        guard let fields = Fields(node, of: "\"sale\"", keys: keys, in: inspection) else { return nil }
        let event = fields.required("event", help: "such as Order Completed").flatMap { inspection.event($0) }
        let within = fields.required("within", help: "how long after a sale, such as 365d").flatMap {
            span($0, "\"within\"", most: Self.longestSale)
        }
        if let retention, let within, within > retention, let place = fields["within"]?.place {
            inspection.report(
                .invalid, "sales of \(within) are asked for, and the log is kept for \(retention)", at: place,
                help: "a sale proves nothing once it has left the log; loods log keep keeps the log longer")
        }
        let products = fields.required("similar_products", help: "what is sold that these mails are about")
            .flatMap { inspection.text($0, "\"similar_products\"") }
        let optOut = fields.required("opt_out", help: "where whoever bought could say no")
            .flatMap { inspection.text($0, "\"opt_out\"") }
        guard let event, let within, let products, let optOut else { return nil }
        return SoftOptIn(event: event, within: within, similarProducts: products, optOut: optOut)
    }

    private func balancingTest(_ node: YAMLNode) -> BalancingTest? {
        let keys = ["document", "date"]
        guard let fields = Fields(node, of: "\"balancing_test\"", keys: keys, in: inspection) else { return nil }
        let document = fields.required("document", help: "by which it is found again").flatMap {
            inspection.text($0, "\"document\"")
        }
        let day = fields.required("date", help: "such as 2026-03-01")
        let date = day.flatMap { $0.text.flatMap { CalendarDate($0) } }
        if let day, date == nil {
            inspection.report(.invalid, "\"date\" is a day", at: day.place, help: "such as 2026-03-01")
        }
        guard let document, let date else { return nil }
        return BalancingTest(document: document, date: date)
    }
}
