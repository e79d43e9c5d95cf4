import JourneyProgram
import Model

/// Tests of several e-mails, of which the winner goes to the rest.
extension StepsReader {
    private static let mostVariants = 10

    /// `{test: news, share: 20%, variants: [news-a, news-b], by: clicks, after: 4h}`.
    func test(_ node: YAMLNode, depth: Int) -> Step? {
        let keys = ["test", "share", "variants", "by", "after"] + Inspection.restraintKeys
        guard let fields = Fields(node, of: "a test step", keys: keys, in: inspection), let reference = fields["test"]
        else { return nil }
        let name = inspection.name(reference, "a step's name")
        let share = fields.required("share", help: "of the contacts, such as 20%").flatMap {
            inspection.percent($0, "\"share\"", most: Step.Test.whole / 2)
        }
        let variants = fields.required("variants", help: "the e-mails that are tried, such as [news-a, news-b]")
            .flatMap(self.variants)
        let measure = fields.required("by", help: "opens, clicks, or the name of an event").flatMap(self.measure)
        let after = fields.required("after", help: "when the others get the winner, such as 4h").flatMap {
            inspection.span($0, "\"after\"")
        }
        let restraint = inspection.restraint(fields)
        if depth > 1 || passes > 1 {
            inspection.report(
                .invalid, "a test stands in no branch and in nothing that repeats", at: reference.place,
                help: "write it as the first step of its journey")
            return nil
        }
        guard let name, let share, let variants, let measure, let after, isNew(name, at: reference.place) else {
            return nil
        }
        let test = Step.Test(share: share, variants: variants, by: measure, after: after)
        return .test(name: name, test, guards: Step.Guards(restraint: restraint))
    }

    private func variants(_ node: YAMLNode) -> [String]? {
        guard let nodes = node.elements, (2...Self.mostVariants).contains(nodes.count) else {
            inspection.report(
                .invalid, "\"variants\" is a list of 2 to \(Self.mostVariants) e-mails", at: node.place,
                help: "such as [news-a, news-b]")
            return nil
        }
        var variants: [String] = []
        for node in nodes {
            guard let name = inspection.reference(node, "e-mail", among: names.emails, called: "e-mails") else {
                continue
            }
            if variants.contains(name) {
                inspection.report(.duplicate, "the e-mail \"\(name)\" stands twice in this test", at: node.place)
            } else {
                variants.append(name)
            }
        }
        return variants.count == nodes.count ? variants : nil
    }

    private func measure(_ node: YAMLNode) -> Step.Test.Measure? {
        switch node.text {
        case "opens": .opens
        case "clicks": .clicks
        default: inspection.event(node).map { .event($0) }
        }
    }
}

extension JourneyReader {
    /// A test is the first step of a broadcast: what is decided is decided once for each of its times.
    func checkTests(_ steps: [Step], _ entry: Journey.Entry, at node: YAMLNode) {
        for (place, step) in steps.enumerated() {
            guard case .test(let name, _, _) = step else { continue }
            let element = node.elements.flatMap { $0.indices.contains(place) ? $0[place] : nil }
            if place > 0 {
                inspection.report(
                    .invalid, "the test \"\(name)\" is not the first step", at: (element ?? node).place,
                    help: "what is decided holds for all who got the broadcast at one time")
            } else if case .broadcast = entry.trigger {
                continue
            } else {
                inspection.report(
                    .invalid, "the test \"\(name)\" stands in a journey without a schedule",
                    at: (element ?? node).place,
                    help: "what events start goes out one by one: a split with a goal compares there")
            }
        }
    }
}
