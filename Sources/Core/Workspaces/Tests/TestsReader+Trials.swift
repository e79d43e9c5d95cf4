import JourneyProgram

extension TestsReader {
    /// `{news: news-a}`: by the steps of tests within broadcasts, one of their variants each.
    ///
    /// - Parameter more: what may stand in the place of a variant.
    func trials(_ fields: Fields, _ key: String, more: [String] = []) -> [String: String] {
        guard let node = fields[key] else { return [:] }
        guard let members = node.members else {
            inspection.report(
                .invalid, "\"\(key)\" must be a mapping from the steps of tests, not \(node.kind)", at: node.place,
                help: "such as {news: news-a}")
            return [:]
        }
        let tests = workspace.journeys.compactMap(\.journey.test)
        var trials: [String: String] = [:]
        for member in members {
            guard let test = tests.first(where: { $0.step == member.key })?.test else {
                inspection.report(
                    .unknownName, "no broadcast has a test \"\(member.key)\"", at: member.keyPlace,
                    help: NearMiss.help(for: member.key, among: tests.map(\.step).sorted(), called: "tests"))
                continue
            }
            trials[member.key] = inspection.reference(
                member.value, "variant", among: test.variants + more, called: "variants")
        }
        return trials
    }
}
