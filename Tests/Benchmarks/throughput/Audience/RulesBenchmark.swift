/// How fast scoring is with a hundred rules and segments, fifty of each, beside a workspace with one and one.
final class RulesBenchmark {
    /// Events of one measurement, and the people that they are about.
    private static let (events, contacts) = (80_000, 10_000)

    private let options: Options
    private let surroundings: Surroundings
    private var samples: [Series: [Sample]] = [:]

    init(_ options: Options, _ surroundings: Surroundings) {
        self.options = options
        self.surroundings = surroundings
    }

    func run() async throws {
        let report = Report(options, MachineFacts(), surroundings)
        await report.open(disk: DiskProbe.microseconds(in: surroundings.mailDirectory))
        let one = try await Rulebook(workspace: "one-rule", size: 1).open(surroundings, logger: .benchmark)
        let many = try await Rulebook(workspace: "many-rules", size: 50).open(surroundings, logger: .benchmark)
        let count = options.isQuick ? 5000 : Self.events
        for round in 0...Sizes.rounds {
            for (series, cluster) in [(Series.scoringOneRule, one), (.scoringManyRules, many)] {
                // The first makes the people.
                let count = round == 0 ? 2 * Self.contacts : count
                let sample = try await cluster.score(
                    EventStream(label: "\(series.rawValue)\(round)", count: count, contacts: Self.contacts))
                if round > 0 { samples[series, default: []].append(sample) }
            }
            guard round > 0 else { continue }
            let rates = [Series.scoringOneRule, .scoringManyRules].compactMap { samples[$0]?.last?.rate }
            report.note(
                "round \(round) of \(Sizes.rounds): \(rates.map(Figures.short).joined(separator: " and ")) events/s")
        }
        try await report.close(samples, disk: DiskProbe.microseconds(in: surroundings.mailDirectory))
        await one.close()
        await many.close()
    }
}
