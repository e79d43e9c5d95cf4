import Foundation
import Model

/// What time alone does to segments: how fast those drain who fall due at once, and how late those are who fall due alone.
final class WakeBenchmark {
    /// How many fall due at once, unless `LOODS_BENCH_CROWD` says.
    private static let crowd = 50_000
    /// How many fall due alone, and how far apart.
    private static let singles = 400
    private static let pause = Span(microseconds: 25_000)

    private let options: Options
    private let surroundings: Surroundings
    private let cluster: AudienceCluster
    private let floor: FlipFloor
    private var samples: [Series: [Sample]] = [:]
    private var delays: [Delays] = []

    init(_ options: Options, _ surroundings: Surroundings) async throws {
        self.options = options
        self.surroundings = surroundings
        cluster = try await AudienceCluster(surroundings, logger: .benchmark)
        floor = try await FlipFloor(url: surroundings.floorDatabaseURL, logger: .benchmark)
        guard surroundings.scoringMetrics.count > 1 else {
            throw MeasurementFault("wakes takes two scoring processes")
        }
    }

    func run() async throws {
        defer { cluster.resumeScoring() }
        let report = Report(options, MachineFacts(), surroundings)
        await report.open(disk: DiskProbe.microseconds(in: surroundings.mailDirectory))
        let size = options.isQuick ? 5000 : surroundings.crowd ?? Self.crowd
        // The first is to get everything warm.
        for round in 0...Sizes.rounds {
            let size = round == 0 ? min(size, 5000) : size
            for connections in [1, 2] {
                try await flipBare(size, connections, keeps: round > 0)
                try await flip(size, connections, keeps: round > 0)
            }
            guard round > 0 else { continue }
            let rates = [Series.flipsOne, .flipsTwo].compactMap { samples[$0]?.last?.rate }.map(Figures.short)
            report.note("round \(round) of \(Sizes.rounds): \(rates.joined(separator: " and ")) flips/s")
        }
        delays.append(try await lateness())
        try await report.close(
            samples, delays: delays, disk: DiskProbe.microseconds(in: surroundings.mailDirectory))
        await floor.close()
        await cluster.close()
    }

    // MARK: Flips of many

    private func flipBare(_ size: Int, _ connections: Int, keeps: Bool) async throws {
        cluster.pauseScoring()
        defer { cluster.resumeScoring() }
        let crowd = try await Crowd(
            of: size, in: WorkspaceID(rawValue: 1), revision: 1, first: cluster.now() - .seconds(1),
            spread: .seconds(1), floor.pool)
        try await AudienceCluster.tidy(floor.pool)
        let sample = try await Sample.of(size, by: surroundings.processes) {
            try await floor.flip(crowd, connections: connections)
        }
        if keeps { samples[connections == 1 ? .flipsBareOne : .flipsBareTwo, default: []].append(sample) }
    }

    /// A crowd falls due while scoring stands still; then some of its processes look at it.
    private func flip(_ size: Int, _ processes: Int, keeps: Bool) async throws {
        let target = try await cluster.woken(by: processes) + size
        cluster.pauseScoring()
        defer { cluster.resumeScoring() }
        let crowd = try await Crowd(
            of: size, in: cluster.workspace, revision: cluster.revision, first: cluster.now() - .seconds(1),
            spread: .seconds(1), cluster.pool)
        try await AudienceCluster.tidy(cluster.pool)
        let sample = try await Sample.of(size, by: surroundings.processes) {
            cluster.resumeScoring(processes)
            try await eventually("all wakes are looked at") { try await cluster.woken(by: processes) >= target }
        }
        if keeps { samples[processes == 1 ? .flipsOne : .flipsTwo, default: []].append(sample) }
        let asleep = try await cluster.entered("asleep", of: crowd.contacts, by: "time")
        guard asleep.count == size else { throw MeasurementFault("\(asleep.count) of \(size) people fell asleep") }
    }

    // MARK: Flips of one

    /// From the instant that somebody falls due to the moment that others see it; nothing else happens.
    private func lateness() async throws -> Delays {
        let size = options.isQuick ? 40 : Self.singles
        let crowd = try await Crowd(
            of: size, in: cluster.workspace, revision: cluster.revision, first: cluster.now() + .seconds(2),
            spread: Span(microseconds: Int64(size) * Self.pause.microseconds), cluster.pool)
        var waiting = Dictionary(uniqueKeysWithValues: zip(crowd.contacts, crowd.due))
        var late: [Duration] = []
        try await eventually("everybody has flipped", within: surroundings.budget, every: .milliseconds(3)) {
            let now = try await cluster.now()
            let due = waiting.filter { $0.value <= now }.map(\.key)
            let seen = due.isEmpty ? [] : try await cluster.entered("asleep", of: due, by: "time")
            let then = try await cluster.now()
            for contact in seen {
                guard let due = waiting.removeValue(forKey: contact) else { continue }
                late.append(.microseconds((then - due).microseconds))
            }
            guard waiting.values.allSatisfy({ then - $0 < .seconds(60) }) else {
                throw MeasurementFault("\(waiting.count) people are a minute late")
            }
            return waiting.isEmpty
        }
        return Delays(goal: "a membership flips by itself, after it is due", all: late, must: 1, aim: nil)
    }
}
