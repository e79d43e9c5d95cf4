import Model

/// What many waiting timers cost: how fast due ones are taken with fifty thousand pending and with ten times as many (a
/// hundred times with `--soak`), how late they are when many fall due each second, and how fast an outage is caught up with.
final class TimerBenchmark {
    private static let people = 50_000
    private static let burst = 30_000
    /// The goal's rate, where the machine has it.
    private static let mostDue = 10_000.0
    private static let outage = 60

    private let options: Options
    private let surroundings: Surroundings
    private let cluster: TimerCluster
    private let report: Report
    private(set) var samples: [Series: [Sample]] = [:]
    private(set) var delays: [Delays] = []

    init(_ options: Options, _ surroundings: Surroundings, _ cluster: TimerCluster, _ report: Report) {
        self.options = options
        self.surroundings = surroundings
        self.cluster = cluster
        self.report = report
    }

    func measure() async throws {
        defer { cluster.resume() }
        let people = Walkers(in: cluster.audience.workspace, count: options.isQuick ? 2_000 : Self.people)
        let walkers = Walkers(in: cluster.audience.workspace, count: options.isQuick ? 2_000 : Self.burst)
        for group in [people, walkers] { try await group.settle(revision: cluster.audience.revision, cluster.pool) }
        try await depth(of: people, walkers, runs: options.isSoak ? 100 : 10)
        if options.isSoak { try await soak(walkers) }
        let steady = (samples[.firedDeep] ?? []).map(\.rate).median
        try await lateness(rate: min(Self.mostDue, steady * 0.7))
        try await recovery(rate: steady * 0.5, steady: steady)
    }

    // MARK: Depth

    private func depth(of people: Walkers, _ walkers: Walkers, runs: Int) async throws {
        try await cluster.wait(people, runs: 0..<runs)
        for round in 0...Sizes.rounds {
            try await cluster.hideLater(fewerThan: 1)
            let few = try await cluster.pending()
            let shallow = try await cluster.fire(walkers, in: [.waits], key: "shallow \(round)")
            try await cluster.showLater(from: 1)
            let many = try await cluster.pending()
            let deep = try await cluster.fire(walkers, in: [.waits], key: "deep \(round)")
            // The first is to get everything warm.
            guard round > 0 else { continue }
            samples[.firedShallow, default: []].append(shallow)
            samples[.firedDeep, default: []].append(deep)
            report.note(
                "round \(round) of \(Sizes.rounds): \(Figures.short(shallow.rate)) a second with "
                    + "\(Figures.short(Double(few))) pending, \(Figures.short(deep.rate)) with \(Figures.short(Double(many)))"
            )
        }
    }

    // MARK: Soak

    /// Ten minutes of the same: the last beside the first.
    private func soak(_ walkers: Walkers) async throws {
        let start = ContinuousClock.now
        var number = 0
        while ContinuousClock.now - start < .seconds(600) {
            let minute = (ContinuousClock.now - start) / .seconds(60)
            number += 1
            let fired = try await cluster.fire(walkers, in: [.waits], key: "soak \(number)")
            if minute < 1 { samples[.soakFirst, default: []].append(fired) }
            if minute >= 9 { samples[.soakLast, default: []].append(fired) }
        }
    }

    // MARK: Lateness

    /// From the instant that a run is due to the moment that others see it gone on; one of a hundred is looked at.
    private func lateness(rate: Double) async throws {
        let seconds = options.isQuick ? 3.0 : 15
        let walkers = Walkers(in: cluster.audience.workspace, count: Int(rate * seconds))
        try await walkers.settle(revision: cluster.audience.revision, cluster.pool)
        // Making them takes a while as well.
        let first = try await cluster.audience.now() + .seconds(Int64(5 + walkers.contacts.count / 8_000))
        let gap = 1e6 / rate
        // Places are in the order of contacts, and times are not.
        let order = walkers.contacts.indices.shuffled()
        let waiting = try await walkers.wait(
            in: [.waits], key: "late", due: { first + Span(microseconds: Int64(Double(order[$0]) * gap)) }, cluster.pool
        )
        guard try await cluster.audience.now() < first else { throw MeasurementFault("making the runs took too long") }
        var watched = Dictionary(
            uniqueKeysWithValues: waiting.enumerated().filter { $0.offset % 100 == 0 }.map { ($1.contact, $1.due) })
        var late: [Duration] = []
        try await eventually("all due runs have gone on", within: surroundings.budget, every: .milliseconds(5)) {
            let now = try await cluster.audience.now()
            let due = watched.filter { $0.value <= now }.map(\.key)
            let seen = due.isEmpty ? [] : try await cluster.goneOn(due, key: "late")
            let then = try await cluster.audience.now()
            for contact in seen {
                guard let due = watched.removeValue(forKey: contact) else { continue }
                late.append(.microseconds((then - due).microseconds))
            }
            return watched.isEmpty
        }
        let pending = try await cluster.pending()
        delays.append(
            Delays(
                goal: "a run goes on, after it is due: \(Figures.short(rate)) due a second, "
                    + "\(Figures.short(Double(pending))) pending (goal 12: 10,000 with a million)",
                all: late, must: 1, aim: 0.2))
    }

    // MARK: Recovery

    /// Schedulers are away for a minute while half of what they can take falls due each second.
    private func recovery(rate: Double, steady: Double) async throws {
        let seconds = options.isQuick ? 5 : Self.outage
        let walkers = Walkers(in: cluster.audience.workspace, count: Int(rate * Double(seconds)))
        try await walkers.settle(revision: cluster.audience.revision, cluster.pool)
        cluster.pause()
        let start = try await cluster.audience.now()
        let gap = 1e6 / rate
        _ = try await walkers.wait(
            in: [.waits], key: "away", due: { start + Span(microseconds: Int64(Double($0) * gap)) }, cluster.pool)
        let end = start + .seconds(Int64(seconds))
        try await eventually("the outage is over", within: .seconds(180), every: .milliseconds(20)) {
            try await cluster.audience.now() >= end
        }
        let drained = try await cluster.drain(walkers.contacts.count, before: end)
        samples[.drained, default: []].append(drained)
        samples[.drainSteady, default: []].append(
            Sample(items: drained.items, seconds: Double(drained.items) / steady, work: [:]))
        report.note(
            "\(seconds) s away: \(Figures.short(Double(drained.items))) timers were taken in "
                + "\(Figures.short(drained.seconds)) s, at the steady rate it would be "
                + "\(Figures.short(Double(drained.items) / steady)) s")
    }
}
