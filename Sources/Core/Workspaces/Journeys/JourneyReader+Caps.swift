import JourneyProgram
import Model

/// How many may enter.
extension JourneyReader {
    private static let mostCaps = 5
    private static let mostEntries = 1_000_000_000

    /// `{at_most: 1000, within: 1d}`, `{at_most: 5000}` for all there ever are, or a list of such.
    func caps(_ node: YAMLNode) -> [EntryCap]? {
        let nodes = node.elements ?? [node]
        guard (1...Self.mostCaps).contains(nodes.count) else {
            inspection.report(
                .invalid, "\"cap\" is a most of entries, or a list of 1 to \(Self.mostCaps)", at: node.place,
                help: "such as {at_most: 1000, within: 1d}")
            return nil
        }
        let caps = nodes.map(cap)
        guard case let known = caps.compactMap(\.self), known.count == caps.count else { return nil }
        return zip(nodes, known).allSatisfy { isOfUse($1, beside: known, at: $0) } ? known : nil
    }

    private func cap(_ node: YAMLNode) -> EntryCap? {
        guard let fields = Fields(node, of: "\"cap\"", keys: ["at_most", "within"], in: inspection) else { return nil }
        let most = fields.required("at_most", help: "such as {at_most: 1000, within: 1d}").flatMap {
            inspection.whole($0, "\"at_most\"", in: 1...Self.mostEntries)
        }
        let within = fields["within"].map { self.within($0) }
        guard let most else { return nil }
        if let within, within == nil { return nil }
        return EntryCap(atMost: Int64(most), within: within ?? nil)
    }

    private func within(_ node: YAMLNode) -> Span? {
        guard let span = inspection.span(node, "\"within\"") else { return nil }
        guard span > EntryCap.longest else { return span }
        inspection.report(
            .invalid, "a cap looks back \(EntryCap.longest) at most", at: node.place,
            help: "without \"within\" it counts all entries that there ever were")
        return nil
    }

    /// One that lets no fewer in than another over a longer time is never full.
    private func isOfUse(_ cap: EntryCap, beside all: [EntryCap], at node: YAMLNode) -> Bool {
        let isLonger = { (other: EntryCap) in (other.within ?? .days(40_000)) > (cap.within ?? .days(40_000)) }
        let stricter = all.first { isLonger($0) && $0.atMost <= cap.atMost }
        guard stricter != nil || all.count(where: { $0.within == cap.within }) > 1 else { return true }
        inspection.report(
            .invalid,
            stricter.map { "the cap of \(cap.words) is never full: at most \($0.words) enter" }
                ?? "there are several caps over the same time", at: node.place, help: "take one of them out")
        return false
    }
}
