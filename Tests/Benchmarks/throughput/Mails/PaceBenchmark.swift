import Foundation
import Model
import Postgres

/// Whether mailers keep the pace that the definitions set, and use all of it: how many mails go to each of a thousand sites in
/// whole minutes, while mails to each are left; then the same while one more site answers nothing. The ledger says when each
/// was at its final dot, and the catcher's files bear it out.
final class PaceBenchmark {
    /// As `workspace.yaml` has it for each site.
    static let perMinute = 20
    private static let sites = 1_000
    /// Enough for the minutes that are measured, and for those before.
    private static let mailsEach = 7 * perMinute
    /// Mails to the site that answers nothing: more than all mailers have connections. Each is answered later than all ends.
    private static let stuck = 300

    private let options: Options
    private let surroundings: Surroundings
    private let cluster: AudienceCluster
    private let report: Report
    private let sites: Int
    private let account: PaceAccount
    private let start = ContinuousClock.now

    init(_ options: Options, _ surroundings: Surroundings) async throws {
        self.options = options
        self.surroundings = surroundings
        cluster = try await AudienceCluster(surroundings, logger: .benchmark)
        report = Report(options, MachineFacts(), surroundings)
        sites = options.isQuick ? 50 : Self.sites
        account = PaceAccount(
            pool: cluster.pool, folder: MailFolder(path: surroundings.mailDirectory), sites: sites)
    }

    func run() async throws {
        await report.open(disk: DiskProbe.microseconds(in: surroundings.mailDirectory))
        report.note(
            "two mailers may send \(Self.perMinute) mails a minute to each of \(Figures.short(Double(sites))) sites, which have "
                + "\(Self.mailsEach) waiting; what they hand over in whole minutes is held against that, then against the same "
                + "while one more site never answers the final dot")
        try await line()
        let begin = try await minuteAhead()
        let minutes = try await minutes(from: begin)
        let stall = begin + .minutes(Int64(minutes))
        let alone = PaceAccount.Spell(begin: begin, minutes: minutes)
        let stalled = PaceAccount.Spell(begin: stall, minutes: minutes)
        let first = try await measure(alone) {
            // Its mails hold connections by the time that the others may go on.
            try await wait(for: stall - .seconds(5))
            try await cluster.letIn("stuck", occurrence: "2026-03-02T09:00", segment: "stuck")
        }
        let second = try await measure(stalled) {}
        let samples = try await judge([(alone, first, "no site stalls"), (stalled, second, "one more site stalls")])
        let set = Sample(
            items: sites * Self.perMinute * minutes, seconds: alone.seconds, work: [:])
        try await report.close(
            [.paceSet: [set], .paced: [samples[0]], .pacedStalled: [samples[1]]],
            disk: DiskProbe.microseconds(in: surroundings.mailDirectory))
        await cluster.close()
    }

    /// Has all mails stand in line.
    private func line() async throws {
        let sites = sites
        let readers = Readers(cluster.workspace, of: sites * Self.mailsEach) { number, contact in
            "\(contact)@\(PaceAccount.site(number % sites))"
        }
        try await readers.settle(revision: cluster.revision, cluster.pool)
        let deaf = Readers(cluster.workspace, of: Self.stuck, in: "stuck") { number, _ in
            "delay-\(500_000 + number)@\(PaceAccount.stuck)"
        }
        try await deaf.settle(revision: cluster.revision, cluster.pool)
        try await cluster.letIn("news", occurrence: "2026-03-02T09:00", segment: "readers")
        try await eventually("all mails stand in line", within: left) {
            try await cluster.pool.withConnection {
                try $0.query("select from messages where look_at is not null limit 1").isEmpty
            }
        }
        report.note("all stand in line after \(Figures.short((ContinuousClock.now - start) / .seconds(1))) s")
    }

    /// How many whole minutes of each there are time and mails for.
    private func minutes(from begin: Timestamp) async throws -> Int {
        let mails = Self.mailsEach / Self.perMinute - (try await account.minutesSpent(until: begin))
        guard mails >= 2 else { throw MeasurementFault("most mails went before all stood in line") }
        let wait = (begin.microseconds - (try await cluster.now()).microseconds) / 1_000_000
        // With what counting takes.
        let needed = Duration.seconds(wait + 4 * 60 + 40)
        return options.isQuick || left < needed || mails < 4 ? 1 : 2
    }

    /// Of the time that the whole may take.
    private var left: Duration { surroundings.budget - (ContinuousClock.now - start) }

    /// The next whole minute of the domain clock.
    private func minuteAhead() async throws -> Timestamp {
        let now = try await cluster.now()
        return Timestamp(microseconds: (now.microseconds / 60_000_000 + 1) * 60_000_000)
    }

    private func wait(for time: Timestamp) async throws {
        try await eventually("the time comes", within: left) { try await cluster.now() >= time }
    }

    /// Who worked while mails went; what went is counted later.
    private func measure(_ spell: PaceAccount.Spell, _ meanwhile: () async throws -> Void) async throws -> Sample {
        try await wait(for: spell.begin)
        return try await Sample.of(1, by: surroundings.processes) {
            try await meanwhile()
            try await wait(for: spell.end)
        }
    }

    /// Counts what went, once it is settled.
    private func judge(
        _ spells: [(spell: PaceAccount.Spell, worked: Sample, what: String)]
    ) async throws -> [Sample] {
        let end = spells.map(\.spell.end).max() ?? .distantPast
        try await eventually("what was handed over is settled", within: left) {
            try await account.isSettled(until: end)
        }
        let caught = try await account.caught()
        var samples: [Sample] = []
        for (spell, worked, what) in spells {
            let tally = try await account.handed(in: spell)
            report.note("\(what): \(tally.text(set: Self.perMinute * spell.minutes))")
            report.note("  the catcher has of the same time \(caught.tally(in: spell, sites).text)")
            samples.append(Sample(items: tally.sum, seconds: spell.seconds, work: worked.work))
        }
        try await account.check(caught, until: end, perMinute: Self.perMinute)
        return samples
    }
}
