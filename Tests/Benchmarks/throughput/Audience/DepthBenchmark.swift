/// How fast scoring is beside bare SQL on the same tables: with ten thousand contacts in the store, and with a million
/// who have done twenty million things.
final class DepthBenchmark {
    private static let shallow = 10_000
    /// Unless `LOODS_BENCH_CROWD` says.
    private static let deep = 1_000_000
    private static let events = 100_000

    private let options: Options
    private let surroundings: Surroundings
    private let cluster: AudienceCluster
    private let floor: StoreFloor
    private var samples: [Series: [Sample]] = [:]

    init(_ options: Options, _ surroundings: Surroundings) async throws {
        self.options = options
        self.surroundings = surroundings
        cluster = try await AudienceCluster(surroundings, logger: .benchmark)
        // The cluster's own database: whatever lies there is in the way of both.
        floor = try await StoreFloor(url: surroundings.databaseURL, logger: .benchmark)
    }

    func run() async throws {
        let report = Report(options, MachineFacts(), surroundings)
        await report.open(disk: DiskProbe.microseconds(in: surroundings.mailDirectory))
        let size = options.isQuick ? 20_000 : surroundings.crowd ?? Self.deep
        let crowd = KnownPeople(in: cluster.workspace, revision: cluster.revision, cluster.pool)
        try await crowd.settle(0..<Self.shallow)
        try await measure("shallow", .scoringShallow, .storeShallow, contacts: Self.shallow, report)
        try await crowd.settle(Self.shallow..<size)
        report.note(
            "\(Figures.short(Double(size))) contacts with \(Figures.short(Double(size * KnownPeople.events))) events are in place"
        )
        try await measure("deep", .scoringDeep, .storeDeep, contacts: size, report)
        try await report.close(samples, disk: DiskProbe.microseconds(in: surroundings.mailDirectory))
        await floor.close()
        await cluster.close()
    }

    private func measure(_ label: String, _ subject: Series, _ bare: Series, contacts: Int, _ report: Report)
        async throws
    {
        let count = options.isQuick ? 5000 : Self.events
        for round in 0...Sizes.rounds {
            // The first is to get everything warm.
            let count = round == 0 ? count / 5 : count
            let scored = try await cluster.score(
                EventStream(label: "\(label)\(round)", count: count, contacts: contacts))
            let shares = EventStream(label: "bare-\(label)\(round)", count: count, contacts: contacts)
                .columns(connections: 2)
            let written = try await Sample.of(count, by: surroundings.processes) { try await floor.write(shares) }
            guard round > 0 else { continue }
            samples[subject, default: []].append(scored)
            samples[bare, default: []].append(written)
            report.note(
                "\(label), round \(round) of \(Sizes.rounds): "
                    + "\(Figures.short(scored.rate)) events/s, bare \(Figures.short(written.rate))")
        }
    }
}
