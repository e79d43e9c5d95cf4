import Foundation
import Glibc
import Model
import Postgres

/// How fast a mailer drains a broadcast of mails of 20 KB that stand planned: claimed, gated, composed, signed with RSA, handed
/// over and recorded, and what they tell scoring committed too; beside what handing over ready-made mails and signing would cost
/// by themselves, on all cores.
final class DeliveryBenchmark {
    private static let mails = 6_000
    private static let bytes = 20_000

    private let options: Options
    private let surroundings: Surroundings
    private let cluster: AudienceCluster
    private let sink: SinkLog
    private let floor: MailFloor
    private let report: Report
    private var samples: [Series: [Sample]] = [:]

    init(_ options: Options, _ surroundings: Surroundings) async throws {
        self.options = options
        self.surroundings = surroundings
        cluster = try await AudienceCluster(surroundings, logger: .benchmark)
        sink = SinkLog(path: surroundings.sinkLog)
        floor = MailFloor(
            server: surroundings.mailServer, sessions: surroundings.mailSessions, smtpSource: surroundings.smtpSource)
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
            let handed = try await handOver(size)
            let signature = try await OpenSSL.signatureSeconds()
            guard round > 0 else {
                _ = try await cluster.pool.withConnection { try $0.execute("vacuum (analyze)") }
                continue
            }
            let work = handed.work.values.reduce(0, +) + signature * Double(size)
            samples[.delivered, default: []].append(drained)
            samples[.smtpLarge, default: []].append(handed)
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
        return try await Sample.of(size, by: surroundings.processes) {
            surroundings.processes.signal("mailer", SIGCONT)
            try await eventually("all mails are there", within: surroundings.budget) {
                try sink.count() >= caught
            }
            try await eventually("all that they told is stored", within: surroundings.budget) {
                try await cluster.stored() >= told
            }
        }
    }

    private func handOver(_ size: Int) async throws -> Sample {
        let caught = try sink.count() + size
        let sample = try await Sample.of(size, by: surroundings.processes) {
            try await floor.send(size, bytes: Self.bytes)
        }
        guard try sink.count() == caught else {
            throw MeasurementFault("the sink has not counted all ready-made mails")
        }
        return sample
    }
}

/// What Postfix's sink says of the mails that it took: `… mesg=N`, again and again.
private struct SinkLog {
    let path: String

    func count() throws -> Int {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? file.close() }
        let end = try file.seekToEnd()
        try file.seek(toOffset: end > 200 ? end - 200 : 0)
        let text = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
        return text.components(separatedBy: "mesg=").compactMap { Int($0.prefix { $0.isNumber }) }.last ?? 0
    }
}

/// What OpenSSL's own benchmark says of this machine.
private enum OpenSSL {
    /// Of one RSA signature of 2048 bits, on one core.
    static func signatureSeconds() async throws -> Double {
        try await onThread {
            // It counts until an alarm, and inherits what this thread blocks.
            var none = sigset_t()
            sigemptyset(&none)
            pthread_sigmask(SIG_SETMASK, &none, nil)
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["openssl", "speed", "-seconds", "1", "rsa2048"]
            let output = Pipe()
            (process.standardOutput, process.standardError) = (output, FileHandle.nullDevice)
            try process.run()
            let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
            process.waitUntilExit()
            // The last line is "… sign verify sign/s verify/s".
            let fields = text.split(separator: "\n").last?.split(separator: " ") ?? []
            guard fields.count >= 4, let rate = Double(fields[fields.count - 2]) else {
                throw MeasurementFault("openssl speed said nothing that can be read")
            }
            return 1 / rate
        }
    }
}
