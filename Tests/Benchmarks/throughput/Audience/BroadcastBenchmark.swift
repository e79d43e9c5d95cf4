import Glibc
import Model
import Postgres

/// How fast one scheduler walks a large segment, beside bare SQL that writes the same rows. Mailers stand still meanwhile: what
/// they do is measured by itself.
final class BroadcastBenchmark {
    /// How large the segment is, unless `LOODS_BENCH_CROWD` says: a million of them take some minutes.
    private static let audience = 100_000
    private static let rounds = 3

    private let options: Options
    private let surroundings: Surroundings
    private let cluster: AudienceCluster
    private let floor: BroadcastFloor
    private var samples: [Series: [Sample]] = [:]

    init(_ options: Options, _ surroundings: Surroundings) async throws {
        self.options = options
        self.surroundings = surroundings
        cluster = try await AudienceCluster(surroundings, logger: .benchmark)
        floor = try await BroadcastFloor(url: surroundings.floorDatabaseURL, logger: .benchmark)
    }

    func run() async throws {
        let report = Report(options, MachineFacts(), surroundings)
        await report.open(disk: DiskProbe.microseconds(in: surroundings.mailDirectory))
        let size = options.isQuick ? 5_000 : surroundings.crowd ?? Self.audience
        let readers = Readers(cluster.workspace, of: size)
        try await readers.settle(revision: cluster.revision, cluster.pool)
        try await readers.settle(revision: cluster.revision, floor.pool)
        report.note("a segment of \(Figures.short(Double(size))) is there, on both sides")
        surroundings.processes.signal("mailer", SIGSTOP)
        defer { surroundings.processes.signal("mailer", SIGCONT) }
        // A million is walked once: a round of less would say the same.
        for round in 1...(options.isQuick || size > 300_000 ? 1 : Self.rounds) {
            let bare = try await Sample.of(size, by: surroundings.processes) {
                try await floor.enter(readers, round: round)
            }
            samples[.entriesBare, default: []].append(bare)
            let walked = try await Sample.of(size, by: surroundings.processes) {
                try await cluster.letIn("news", occurrence: "2026-03-0\(round)T09:00", segment: "readers")
            }
            samples[.broadcast, default: []].append(walked)
            report.note(
                "round \(round): \(Figures.short(walked.rate)) members/s, bare SQL \(Figures.short(bare.rate))")
        }
        let delays = [try await triggered()]
        try await report.close(samples, delays: delays, disk: DiskProbe.microseconds(in: surroundings.mailDirectory))
        await floor.close()
        await cluster.close()
    }

    /// Orders come in while mailers drain what was let in.
    private func triggered() async throws -> Delays {
        surroundings.processes.signal("mailer", SIGCONT)
        let probe = TriggeredProbe(cluster: cluster)
        let taken = try await probe.run("triggered", count: options.isQuick ? 60 : 600)
        let left = try await cluster.pool.withConnection {
            Int(try $0.query("select count(*) from messages where look_at is not null")[0][0, as: Int64.self])
        }
        return Delays(
            goal:
                "from an order's answer to its mail, while a broadcast drains: \(Figures.short(Double(left))) mails of it were "
                + "left at the end (goal 18)", all: taken, must: 1, aim: 0.3)
    }
}
