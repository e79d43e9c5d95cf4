/// How long something took, each time.
struct Delays: Sendable {
    var goal: String
    var all: [Duration]
    /// Seconds that the 99th of a hundred must, or should, stay below.
    var must: Double?
    var aim: Double?

    /// The delay that a share of all stay below; seconds.
    func quantile(_ share: Double) -> Double {
        let sorted = all.map { $0 / .seconds(1) }.sorted()
        return sorted.isEmpty ? .nan : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }

    var text: String {
        let figures = [("p50", 0.5), ("p99", 0.99), ("at most", 1)].map { name, share in
            "\(name) \(Figures.short(quantile(share) * 1000)) ms"
        }
        let bounds = [must.map { "must \($0) s" }, aim.map { "aim \($0) s" }].compactMap(\.self)
        let goals = bounds.isEmpty ? "" : "; p99 \(bounds.joined(separator: ", "))"
        return "\(figures.joined(separator: ", "))  \(goal), \(all.count) times\(goals)"
    }
}
