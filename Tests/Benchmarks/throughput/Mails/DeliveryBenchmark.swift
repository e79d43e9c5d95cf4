import Glibc
import Model
import Postgres

/// How fast a mailer drains a broadcast of mails of 20 KB that stand planned: claimed, gated, composed, signed with RSA, handed
/// over and recorded, and what they tell scoring committed too; beside what handing over ready-made mails and signing would cost
/// by themselves, on all cores, and beside what Postfix and OpenDKIM take to sign and hand on ready-made ones.
final class DeliveryBenchmark {
    private static let mails = 6_000
    private static let bytes = 20_000

    private let options: Options
    private let surroundings: Surroundings
    private let cluster: AudienceCluster
    private let sink: SinkLog
    private let floor: MailFloor
    private let relay: MailFloor?
    private let report: Report
    /// The cluster's and the sink, and the relay's and the sink.
    private let (processes, rivals): ([ProcessGroup], [ProcessGroup])
    private var samples: [Series: [Sample]] = [:]

    init(_ options: Options, _ surroundings: Surroundings) async throws {
        self.options = options
        self.surroundings = surroundings
        cluster = try await AudienceCluster(surroundings, logger: .benchmark)
        sink = SinkLog(path: surroundings.sinkLog)
        floor = MailFloor(
            server: surroundings.mailServer, sessions: surroundings.mailSessions, smtpSource: surroundings.smtpSource)
        relay = surroundings.relay.map {
            MailFloor(
                server: $0, sessions: surroundings.mailSessions, smtpSource: surroundings.smtpSource,
                sender: "shop@sign.test")
        }
        processes = surroundings.processes.without(ProcessGroup.relay)
        rivals = [ProcessGroup.relay, ProcessGroup.sink].flatMap(surroundings.processes.named)
        report = Report(options, MachineFacts(), surroundings)
    }

    func run() async throws {
        await report.open(disk: DiskProbe.microseconds(in: surroundings.mailDirectory))
        let size = options.isQuick ? 500 : surroundings.crowd ?? Self.mails
        let readers = Readers(cluster.workspace, of: size)
        try await readers.settle(revision: cluster.revision, cluster.pool)
        // The first is to get everything warm.
        for round in 0...(options.isQuick ? 1 : Sizes.rounds) {
            try await plan(round, size)
            let drained = try await drain(size)
            let handed = try await handOver(size, to: floor, by: processes)
            let relayed: Sample? =
                if let relay { try await handOver(size, to: relay, by: rivals) } else { nil }
            let signature = try await OpenSSL.signatureSeconds()
            guard round > 0 else {
                _ = try await cluster.pool.withConnection { try $0.execute("vacuum (analyze)") }
                continue
            }
            let work = handed.work.values.reduce(0, +) + signature * Double(size)
            samples[.delivered, default: []].append(drained)
            samples[.smtpLarge, default: []].append(handed)
            if let relayed { samples[.relayed, default: []].append(relayed) }
            samples[.deliveryBare, default: []].append(
                Sample(items: size, seconds: work / Double(MachineFacts().cores), work: ["all": work]))
            report.note(
                "round \(round): \(Figures.short(drained.rate)) mails/s; ready-made ones \(Figures.short(handed.rate))/s, "
                    + "a signature takes \(Figures.short(signature * 1e6)) µs")
        }
        try await report.close(samples, disk: DiskProbe.microseconds(in: surroundings.mailDirectory))
        await cluster.close()
    }

    /// Mailers stand still while a broadcast lets all readers in.
    private func plan(_ round: Int, _ size: Int) async throws {
        surroundings.processes.signal("mailer", SIGSTOP)
        try await cluster.letIn("news", occurrence: "2026-03-0\(round + 1)T09:00", segment: "readers")
    }

    private func drain(_ size: Int) async throws -> Sample {
        let caught = try sink.count() + size
        let told = try await cluster.stored() + size
        return try await Sample.of(size, by: processes) {
            surroundings.processes.signal("mailer", SIGCONT)
            try await eventually("all mails are there", within: surroundings.budget) {
                try sink.count() >= caught
            }
            try await eventually("all that they told is stored", within: surroundings.budget) {
                try await cluster.stored() >= told
            }
        }
    }

    /// Ready-made mails; returns when the sink has them all.
    private func handOver(_ size: Int, to server: MailFloor, by processes: [ProcessGroup]) async throws -> Sample {
        let caught = try sink.count() + size
        let sample = try await Sample.of(size, by: processes) {
            try await server.send(size, bytes: Self.bytes)
            try await eventually("all ready-made mails are there", within: surroundings.budget) {
                try sink.count() >= caught
            }
        }
        guard try sink.count() == caught else { throw MeasurementFault("the sink counts more mails than were sent") }
        return sample
    }
}
