import Model
import SendGate

/// Reads `hygiene` of `workspace.yaml`.
struct HygieneReader {
    /// Who was away for a month may be on holiday.
    private static let bounds = Span.days(30)...Span.days(3 * 366)
    private static let usualMails = 10

    private let inspection: Inspection
    private let retention: Span?

    /// - Parameter retention: how long the log is kept, which has the signs; nil: for good.
    init(_ inspection: Inspection, retention: Span?) {
        self.inspection = inspection
        self.retention = retention
    }

    func read(_ node: YAMLNode) -> (sunset: Sunset?, returnLimits: ReturnLimits) {
        let keys = ["sunset", "pause_at"]
        guard let fields = Fields(node, of: "\"hygiene\"", keys: keys, in: inspection) else {
            return (nil, ReturnLimits())
        }
        if keys.allSatisfy({ fields[$0] == nil }) {
            inspection.report(
                .invalid, "\"hygiene\" says nothing", at: node.place,
                help: "such as hygiene: {sunset: {after: 180d, mails: 10}}")
        }
        return (fields["sunset"].flatMap(sunset), fields["pause_at"].map(limits) ?? ReturnLimits())
    }

    private func limits(_ node: YAMLNode) -> ReturnLimits {
        var limits = ReturnLimits()
        let keys = ["bounces", "complaints"]
        guard let fields = Fields(node, of: "\"pause_at\"", keys: keys, in: inspection) else { return limits }
        if keys.allSatisfy({ fields[$0] == nil }) {
            inspection.report(
                .invalid, "\"pause_at\" says nothing", at: node.place, help: "such as {bounces: 5%, complaints: 0.3%}")
        }
        let own = { (key: String) in
            fields[key].flatMap {
                inspection.percent($0, "\"\(key)\"", of: "a journey's mails", most: UInt64(ReturnLimits.whole))
            }.map { Int64($0) }
        }
        limits.bounces = own("bounces") ?? limits.bounces
        limits.complaints = own("complaints") ?? limits.complaints
        return limits
    }

    private func sunset(_ node: YAMLNode) -> Sunset? {
        let keys = ["after", "mails", "signs"]
        guard let fields = Fields(node, of: "\"sunset\"", keys: keys, in: inspection) else { return nil }
        let after = fields.required("after", help: "how long without a sign of life, such as 180d").flatMap(span)
        let mails = fields["mails"].map { inspection.whole($0, "\"mails\"", in: 1...1_000) } ?? Self.usualMails
        let signs = fields["signs"].map(self.signs) ?? Sunset.usualSigns
        guard let after, let mails, let signs else { return nil }
        return Sunset(after: after, mails: mails, signs: signs)
    }

    private func span(_ node: YAMLNode) -> Span? {
        guard let span = inspection.span(node, "\"after\"") else { return nil }
        guard Self.bounds.contains(span) else {
            inspection.report(
                .invalid, "\"after\" is from \(Self.bounds.lowerBound) to \(Self.bounds.upperBound)", at: node.place)
            return nil
        }
        if let retention, span > retention {
            inspection.report(
                .invalid, "signs of life of \(span) are asked for, and the log is kept for \(retention)",
                at: node.place,
                help: "whoever showed one before would count as lost; loods log keep keeps the log longer")
            return nil
        }
        return span
    }

    /// Nil where one is at fault.
    private func signs(_ node: YAMLNode) -> Set<String>? {
        let nodes = node.elements ?? [node]
        guard !nodes.isEmpty else {
            inspection.report(
                .invalid, "nothing is a sign of life, so that everybody would be lost", at: node.place,
                help: "without \"signs\" they are clicks, visits, forms, downloads, ratings and Order Completed")
            return nil
        }
        let names = nodes.compactMap { inspection.event($0) }
        return names.count == nodes.count ? Set(names) : nil
    }
}
