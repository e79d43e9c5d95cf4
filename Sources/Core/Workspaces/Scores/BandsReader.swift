/// Reads the named ranges of a score.
struct BandsReader {
    private let inspection: Inspection

    init(_ inspection: Inspection) { self.inspection = inspection }

    func read(_ nodes: [YAMLNode]) -> [ScoreBand] {
        var bands: [ScoreBand] = []
        for node in nodes {
            guard let band = band(node, isFirst: bands.isEmpty) else { continue }
            if bands.contains(where: { $0.name == band.name }) {
                inspection.report(.duplicate, "the band \"\(band.name)\" stands twice", at: node.place)
            } else if let last = bands.last?.from, let from = band.from, from <= last {
                inspection.report(
                    .invalid, "the band \"\(band.name)\" does not begin above the one before it", at: node.place,
                    help: "bands stand from the lowest to the highest")
            } else {
                bands.append(band)
            }
        }
        return bands
    }

    private func band(_ node: YAMLNode, isFirst: Bool) -> ScoreBand? {
        guard let fields = Fields(node, of: "a band", keys: ["band", "from"], in: inspection),
            let name = fields.required("band").flatMap({ inspection.name($0, "a band's name") })
        else { return nil }
        guard let from = fields["from"] else {
            if !isFirst {
                inspection.report(
                    .missing, "a band after the first needs \"from\"", at: node.place, help: "the score it begins at")
                return nil
            }
            return ScoreBand(name: name, from: nil)
        }
        guard let begin = from.text.flatMap(PointsReader.thousandths) else {
            inspection.report(
                .invalid, "a band begins at a number with three decimals at most", at: from.place)
            return nil
        }
        return ScoreBand(name: name, from: begin)
    }
}
