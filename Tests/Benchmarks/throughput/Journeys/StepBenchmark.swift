import Model
import Postgres

/// How fast one scheduler takes steps, a third of them e-mails, a third waits and a third branches, beside bare SQL that writes
/// the same rows.
struct StepBenchmark {
    private static let runs = 60_000

    let options: Options
    let surroundings: Surroundings
    let cluster: TimerCluster
    let floor: StepFloor
    let report: Report

    func measure() async throws -> [Series: [Sample]] {
        var samples: [Series: [Sample]] = [:]
        let size = options.isQuick ? 3_000 : surroundings.crowd ?? Self.runs
        let walkers = Walkers(in: cluster.audience.workspace, count: size)
        try await walkers.settle(revision: cluster.audience.revision, cluster.pool)
        try await walkers.settle(revision: cluster.audience.revision, floor.pool)
        // The first is to get everything warm.
        for round in 0...Sizes.rounds {
            let past = try await cluster.audience.now() - .seconds(2)
            let bare = try await walkers.wait(
                in: Walkers.Kind.allCases, key: "\(round)", due: { _ in past }, floor.pool)
            let written = try await Sample.of(size, by: surroundings.processes) {
                try await floor.step(bare, in: walkers.workspace)
            }
            let stepped = try await cluster.fire(walkers, in: Walkers.Kind.allCases, key: "\(round)")
            guard round > 0 else { continue }
            samples[.stepsBare, default: []].append(written)
            samples[.steps, default: []].append(stepped)
            report.note(
                "round \(round) of \(Sizes.rounds): \(Figures.short(stepped.rate)) steps/s, "
                    + "bare SQL \(Figures.short(written.rate))")
        }
        try await check(size * (Sizes.rounds + 1))
        return samples
    }

    /// A third of them are messages, a third decisions, and all others wait again.
    private func check(_ steps: Int) async throws {
        let counts = try await cluster.pool.withConnection { session in
            try session.query(
                """
                select (select count(*) from messages where journey = 'mails'),
                    (select count(*) from decisions where journey = 'branches' and choice = 'then'),
                    (select count(*) from timers)
                """)[0].decode((Int64.self, Int64.self, Int64.self))
        }
        let third = Int64(steps / 3)
        guard counts == (third, third, 2 * third) else {
            throw MeasurementFault("of \(steps) steps came \(counts) messages, branches and waits")
        }
    }
}
