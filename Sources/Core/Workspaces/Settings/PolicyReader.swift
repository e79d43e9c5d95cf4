import Model
import SendGate

/// Reads what `workspace.yaml` says of mails as a whole: quiet hours, caps, the hold-out, hygiene, lifetimes and what is sent again.
struct PolicyReader {
    /// How far back a cap may look.
    private static let longest = Span.days(92)
    private static let capLimit = 16
    private static let periodLimit = 16

    private let inspection: Inspection
    private let topics: [String]
    private let retention: Span?

    /// - Parameters:
    ///   - topics: those that the workspace names.
    ///   - retention: how long the log is kept; nil: for good.
    init(_ inspection: Inspection, topics: [String], retention: Span? = nil) {
        self.inspection = inspection
        self.retention = retention
        self.topics = topics.filter { $0 != Workspace.trackingTopic }
    }

    /// - Parameter workspace: its name.
    func read(_ fields: Fields, of workspace: String) -> SendPolicy {
        var policy = SendPolicy(
            quietHours: fields["quiet_hours"].flatMap(quietHours), caps: fields.list("frequency_caps").map(caps) ?? [],
            holdOut: fields["hold_out"].flatMap { HoldOutReader(inspection, topics: topics).read($0, of: workspace) })
        if let hygiene = fields["hygiene"].map({ HygieneReader(inspection, retention: retention).read($0) }) {
            (policy.sunset, policy.returnLimits) = hygiene
        }
        policy.lifetimes = fields["lifetimes"].map(lifetimes) ?? Lifetimes()
        policy.onUnknown = fields["on_unknown"].map(onUnknown) ?? UnknownPolicy()
        policy.countsInSum =
            fields["untracked"].flatMap {
                inspection.reference($0, "way to count", among: ["in-sum", "not-at-all"], called: "ways")
            } != "not-at-all"
        return policy
    }

    private func lifetimes(_ node: YAMLNode) -> Lifetimes {
        guard let fields = classes(node, of: "lifetimes", example: "{transactional: 1d, marketing: 3d}") else {
            return Lifetimes()
        }
        let own = { (key: String) in fields[key].flatMap { inspection.lifetime($0, key) } }
        return Lifetimes(
            transactional: own("transactional") ?? Lifetimes.usualTransactional,
            marketing: own("marketing") ?? Lifetimes.usualMarketing)
    }

    private func onUnknown(_ node: YAMLNode) -> UnknownPolicy {
        var policy = UnknownPolicy()
        guard let fields = classes(node, of: "on_unknown", example: "{transactional: resend, marketing: hold}") else {
            return policy
        }
        let known = UnknownPolicy.Choice.allCases.map(\.rawValue)
        let own = { (key: String) in
            fields[key].flatMap { inspection.reference($0, "policy", among: known, called: "policies") }
                .flatMap(UnknownPolicy.Choice.init(rawValue:))
        }
        policy.transactional = own("transactional") ?? policy.transactional
        policy.marketing = own("marketing") ?? policy.marketing
        return policy
    }

    /// What is said of each class of mails; a fault where that is nothing.
    private func classes(_ node: YAMLNode, of name: String, example: String) -> Fields? {
        let keys = ["transactional", "marketing"]
        guard let fields = Fields(node, of: "\"\(name)\"", keys: keys, in: inspection) else { return nil }
        if keys.allSatisfy({ fields[$0] == nil }) {
            inspection.report(
                .invalid, "\"\(name)\" says nothing of any class", at: node.place, help: "such as \(name): \(example)")
        }
        return fields
    }

    // MARK: Quiet hours

    /// One period, or a list of them.
    private func quietHours(_ node: YAMLNode) -> QuietHours? {
        let nodes = node.elements ?? [node]
        let periods = nodes.compactMap(period)
        guard periods.count == nodes.count, !periods.isEmpty else { return nil }
        guard periods.count <= Self.periodLimit else {
            inspection.report(.invalid, "there are more than \(Self.periodLimit) quiet hours", at: node.place)
            return nil
        }
        let hours = QuietHours(periods)
        let monday = Timestamp(seconds: 4 * 86_400 + 43_200)
        if (0..<7).contains(where: { isEndless(hours, at: monday + .days($0)) }) {
            inspection.report(
                .invalid, "these quiet hours never end: no marketing would ever be sent", at: node.place,
                help: "name the days on which they begin with \"days\"")
            return nil
        }
        return hours
    }

    private func isEndless(_ hours: QuietHours, at time: Timestamp) -> Bool {
        hours.end(at: time, in: .utc).map { $0 - time > .days(7) } ?? false
    }

    private func period(_ node: YAMLNode) -> QuietHours.Period? {
        let keys = ["from", "until", "days"]
        guard let fields = Fields(node, of: "\"quiet_hours\"", keys: keys, in: inspection) else { return nil }
        let days = fields["days"].map { inspection.weekdays($0) } ?? Set(Weekday.allCases)
        let from = fields.required("from", help: "such as \"21:00\"").flatMap { minute($0, "from", last: 1_439) }
        let until = fields.required("until", help: "such as \"08:00\"").flatMap { minute($0, "until", last: 1_440) }
        guard let from, let until, let days else { return nil }
        guard from != until else {
            inspection.report(
                .invalid, "quiet hours begin and end at the same time", at: node.place,
                help: "a whole day is {from: \"00:00\", until: \"24:00\"}")
            return nil
        }
        return QuietHours.Period(from: from, until: until, days: days)
    }

    private func minute(_ node: YAMLNode, _ key: String, last: Int) -> Int? {
        let parts = (node.text ?? "").split(separator: ":", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { part in
            part.utf8.count == 2 && part.utf8.allSatisfy { (48...57).contains($0) } ? Int(part) : nil
        }
        if parts.count == 2, numbers.count == 2, numbers[1] < 60, case let minute = numbers[0] * 60 + numbers[1],
            minute <= last
        {
            return minute
        }
        inspection.report(
            .invalid, "\"\(key)\" must be a time of day", at: node.place, help: "HH:MM in quotes, such as \"21:00\"")
        return nil
    }

    // MARK: Caps

    private func caps(_ nodes: [YAMLNode]) -> [FrequencyCap] {
        if let node = nodes.dropFirst(Self.capLimit).first {
            inspection.report(.invalid, "there are more than \(Self.capLimit) frequency caps", at: node.place)
        }
        return nodes.compactMap(cap)
    }

    private func cap(_ node: YAMLNode) -> FrequencyCap? {
        let keys = ["at_most", "within", "topics"]
        guard let fields = Fields(node, of: "a frequency cap", keys: keys, in: inspection) else { return nil }
        let atMost = fields.required("at_most", help: "how many mails, such as 2").flatMap {
            inspection.whole($0, "\"at_most\"", in: 1...1_000)
        }
        let within = fields.required("within", help: "such as 1d or 7d").flatMap(reach)
        let topics = fields["topics"].map { node in
            (node.elements ?? [node]).compactMap {
                inspection.reference($0, "topic", among: self.topics, called: "topics")
            }
        }
        if let topics, topics.isEmpty, let node = fields["topics"] {
            if node.elements?.isEmpty == true {
                inspection.report(
                    .invalid, "this cap holds for no topic", at: node.place, help: "without \"topics\" it is for all")
            }
            return nil
        }
        guard let atMost, let within else { return nil }
        return FrequencyCap(atMost: atMost, within: within, topics: Set(topics ?? []))
    }

    private func reach(_ node: YAMLNode) -> Span? {
        guard let span = inspection.span(node, "\"within\"") else { return nil }
        guard span <= Self.longest else {
            inspection.report(.invalid, "a cap looks back \(Self.longest) at the most", at: node.place)
            return nil
        }
        return span
    }
}
