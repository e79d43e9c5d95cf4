import Foundation

/// One whole run: warming up, three rounds of floors and subjects in turn, and the report.
final class Benchmark {
    /// Connections that send batches.
    static let batchConnections = 32
    /// Connections that send single events; the best counts.
    static let singleConnections = [64, 256]

    let options: Options
    let surroundings: Surroundings
    let cluster: Cluster
    let sink: SinkProcess
    let store: StoreFloor
    let mailFolder: MailFolder
    let mailFloor: MailFloor
    let processes: [ProcessGroup]
    let wanted: Set<Series>
    var sizes = Sizes()
    var samples: [Series: [Sample]] = [:]
    /// Rows that the log must hold of what was posted.
    var posted = 0
    private let start = ContinuousClock.now

    init(_ options: Options, _ surroundings: Surroundings) async throws {
        self.options = options
        self.surroundings = surroundings
        cluster = try Cluster(surroundings, logger: .benchmark)
        sink = try SinkProcess()
        store = try await StoreFloor(url: surroundings.floorDatabaseURL, logger: .benchmark)
        mailFolder = MailFolder(path: surroundings.mailDirectory)
        mailFloor = MailFloor(
            server: surroundings.mailServer, sessions: surroundings.mailSessions, smtpSource: surroundings.smtpSource)
        processes = surroundings.processes + [sink.processes]
        let findings = Finding.all.filter { options.parts.contains($0.part) }
        wanted = Set(findings.flatMap { [$0.subject, $0.floor] })
    }

    func run() async throws {
        defer {
            cluster.resumeScoring()
            stand(still: false)
            sink.stop()
        }
        let report = Report(options, MachineFacts(), surroundings)
        let disk = await DiskProbe.microseconds(in: surroundings.mailDirectory)
        report.open(disk: disk)
        try await warmUp()
        for round in 1...Sizes.rounds {
            let began = ContinuousClock.now
            try await measure(round)
            report.note("round \(round) of \(Sizes.rounds): \(summary())")
            sizes.shrink(by: room(after: round) / ((ContinuousClock.now - began) / .seconds(1)))
        }
        try await report.close(samples, disk: DiskProbe.microseconds(in: surroundings.mailDirectory))
        await store.close()
        await cluster.close()
    }

    /// Seconds that each of the rounds to come may take.
    private func room(after round: Int) -> Double {
        let left = (surroundings.budget - (ContinuousClock.now - start)) / .seconds(1)
        return max(0.1, left) / Double(max(1, Sizes.rounds - round))
    }

    /// Runs everything once and shortly: people come to be, caches and queues get warm, and the sizes are chosen.
    private func warmUp() async throws {
        if options.isQuick { sizes.contacts = 2000 }
        let people = EventStream(label: "warm", count: sizes.contacts, contacts: sizes.contacts)
        let eventRate = try await postAndStore(people).rate
        try await store.write(people.columns(connections: 1))
        try await HTTPLoad(address: sink.address, connections: Self.batchConnections)
            .send(cluster.requests.batches(of: people))
        var mailRate: Double?
        if wanted.contains(.mails) || wanted.contains(.wholeDrained) {
            mailRate = try await mailOrders(EventStream(label: "warm", count: 300, contacts: 1, kind: .ordering)).rate
        }
        // The long measurements of a round; the others are shorter.
        let long = Double(wanted.intersection([.endToEnd, .scoring, .repeats, .storeOne, .together, .mails]).count)
        let seconds = options.isQuick ? 1 : min(8, room(after: 0) / (long * 1.5))
        sizes.fit(eventRate: eventRate, mailRate: mailRate, seconds: seconds)
    }

    private func summary() -> String {
        Series.allCases.compactMap { series in
            guard let sample = samples[series]?.last else { return nil }
            if series.isDelay { return "\(series.rawValue) \(Figures.short(1000 / sample.rate)) ms" }
            return "\(series.rawValue) \(Figures.short(sample.rate))"
        }.joined(separator: ", ")
    }

    /// Measures and keeps the result.
    func take(_ series: Series, _ items: Int, _ body: () async throws -> Void) async throws {
        keep(series, try await Sample.of(items, by: processes, body))
    }

    func keep(_ series: Series, _ sample: Sample) { samples[series, default: []].append(sample) }
}
