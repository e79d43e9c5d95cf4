import Foundation
import Model
import Store

/// How soon an event has its effect while half of what is possible comes in: with nothing besides, and while new
/// definitions are carried through a large audience.
final class BackfillBenchmark {
    /// How large the audience is, unless `LOODS_BENCH_CROWD` says.
    private static let audience = 100_000
    /// How long is measured without a backfill, and how long with one where it takes longer.
    private static let spell = Duration.seconds(20)
    private static let connections = 8
    private static let rounds = 2

    private let options: Options
    private let surroundings: Surroundings
    private let cluster: AudienceCluster
    private let start = ContinuousClock.now
    private var samples: [Series: [Sample]] = [:]
    private var quiet = Delays(
        goal: "event accepted -> segment move visible, at half load (goal 8)", all: [], must: 1, aim: 0.25)
    private var during = Delays(
        goal: "the same while a large audience is backfilled (goal 8)", all: [], must: 1, aim: 0.25)

    init(_ options: Options, _ surroundings: Surroundings) async throws {
        self.options = options
        self.surroundings = surroundings
        cluster = try await AudienceCluster(surroundings, logger: .benchmark)
    }

    func run() async throws {
        let report = Report(options, MachineFacts(), surroundings)
        await report.open(disk: DiskProbe.microseconds(in: surroundings.mailDirectory))
        let size = options.isQuick ? 5000 : surroundings.crowd ?? Self.audience
        try await populate(size)
        report.note("an audience of \(Figures.short(Double(size))) is there")
        _ = try await capacity("warm", 20_000)
        for round in 1...(options.isQuick ? 1 : Self.rounds) {
            let rate = try await capacity("full\(round)", options.isQuick ? 10_000 : 60_000) / 2
            report.note("half load is \(Figures.short(rate)) events/s")
            try await measure(round, size, rate)
            report.note(
                "round \(round): p99 \(Figures.short(quiet.quantile(0.99) * 1000)) ms without, "
                    + "\(Figures.short(during.quantile(0.99) * 1000)) ms with a backfill")
        }
        try await report.close(
            samples, delays: [quiet, during], disk: DiskProbe.microseconds(in: surroundings.mailDirectory))
        await cluster.close()
    }

    /// People who have bought a week ago.
    private func populate(_ size: Int) async throws {
        for start in stride(from: 0, to: size, by: 100_000) {
            _ = try await Crowd(
                of: min(100_000, size - start), in: cluster.workspace, revision: cluster.revision,
                first: cluster.now() + .days(7), spread: .hours(1), cluster.pool)
        }
        try await AudienceCluster.tidy(cluster.pool)
    }

    /// Events a second from the first request to the last committed row, when as many come in as can.
    private func capacity(_ label: String, _ count: Int) async throws -> Double {
        let events = EventStream(label: label, count: count, contacts: 20_000)
        let requests = cluster.requests.batches(of: events)
        let target = try await cluster.stored() + count
        let sample = try await Sample.of(count, by: surroundings.processes) {
            try await HTTPLoad(address: surroundings.ingest, connections: 32).send(requests)
            try await eventually("all are stored") { try await cluster.stored() >= target }
        }
        return sample.rate
    }

    private func measure(_ round: Int, _ size: Int, _ rate: Double) async throws {
        let spell = options.isQuick ? .seconds(4) : Self.spell
        let target = try await cluster.stored() + Int(rate * (spell / .seconds(1)))
        quiet.all += try await underLoad("quiet\(round)", rate) {
            try await eventually("a spell's events are stored") { try await cluster.stored() >= target }
        }
        let before = try await cluster.backfilled()
        try cluster.apply(variant: 2 * round)
        var done = 0
        let began = ContinuousClock.now
        let work = ProcessorTime.now(surroundings.processes)
        during.all += try await underLoad("during\(round)", rate) {
            done = try await self.backfill(room / Double(Self.rounds - round + 1) * 0.7) - before
        }
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        let used = ProcessorTime.now(surroundings.processes) - work
        samples[.backfillBusy, default: []].append(Sample(items: max(1, done), seconds: seconds, work: used))
        // What is left of it, and another one, with nothing besides.
        try cluster.apply(variant: 2 * round + 1)
        let more = try await cluster.backfilled()
        let alone = ContinuousClock.now
        let sample = ProcessorTime.now(surroundings.processes)
        let all = try await backfill(room / Double(Self.rounds - round + 1) * 0.7) - more
        samples[.backfillAlone, default: []].append(
            Sample(
                items: max(1, all), seconds: (ContinuousClock.now - alone) / .seconds(1),
                work: ProcessorTime.now(surroundings.processes) - sample))
    }

    /// Seconds that are left.
    private var room: Double { max(1, (surroundings.budget - (ContinuousClock.now - start)) / .seconds(1) - 20) }

    /// Returns once the backfill is over, or after so many seconds.
    ///
    /// - Returns: how many contacts were backfilled by then.
    private func backfill(_ seconds: Double) async throws -> Int {
        _ = try await comesTrue(within: .seconds(seconds), every: .milliseconds(100)) {
            try await !cluster.isBackfilling()
        }
        return try await cluster.backfilled()
    }

    /// Lets events come in at a rate while something happens, and tells how fresh the facts were.
    private func underLoad(_ label: String, _ rate: Double, _ body: () async throws -> Void) async throws -> [Duration]
    {
        let signal = StopSignal()
        let events = EventStream(label: label, count: .max, contacts: 20_000)
        let (requests, load) = (cluster.requests, HTTPLoad(address: surroundings.ingest, connections: Self.connections))
        let script = HTTPLoad.Script(count: .max, pace: .seconds(100 / rate)) { number in
            requests.batch(of: events, number * 100..<(number + 1) * 100)
        } isOver: {
            signal.isGiven
        }
        let probe = FreshnessProbe(cluster: cluster)
        async let answered = load.send(script)
        async let delays = probe.run("probe-\(label)", until: signal)
        defer { signal.give() }
        try await body()
        signal.give()
        _ = try await answered
        return try await delays
    }
}
