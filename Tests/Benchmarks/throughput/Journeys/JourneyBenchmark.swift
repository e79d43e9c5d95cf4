import Glibc

/// Steps and timers of one scheduler. Mailers stand still meanwhile.
struct JourneyBenchmark {
    let options: Options
    let surroundings: Surroundings

    func run() async throws {
        let report = Report(options, MachineFacts(), surroundings)
        await report.open(disk: DiskProbe.microseconds(in: surroundings.mailDirectory))
        let cluster = TimerCluster(try await AudienceCluster(surroundings, logger: .benchmark))
        surroundings.processes.signal("mailer", SIGSTOP)
        defer { surroundings.processes.signal("mailer", SIGCONT) }
        var samples: [Series: [Sample]] = [:]
        if options.parts.contains(.steps) {
            let floor = try await StepFloor(url: surroundings.floorDatabaseURL, logger: .benchmark)
            samples = try await StepBenchmark(
                options: options, surroundings: surroundings, cluster: cluster, floor: floor, report: report
            ).measure()
            await floor.close()
        }
        var delays: [Delays] = []
        if options.parts.contains(.timers) {
            let timers = TimerBenchmark(options, surroundings, cluster, report)
            try await timers.measure()
            samples.merge(timers.samples) { $1 }
            delays = timers.delays
        }
        try await report.close(
            samples, delays: delays, disk: DiskProbe.microseconds(in: surroundings.mailDirectory))
        await cluster.close()
    }
}
