import Foundation
import Glibc

/// Orders to mails, beside what one would write in Python to the same end; both to the same sink.
final class PythonBenchmark {
    private static let orders = 6_000
    private static let quickOrders = 300

    private let options: Options
    private let surroundings: Surroundings
    private let cluster: Cluster
    private let sink: SinkLog
    private let report: Report
    private var samples: [Series: [Sample]] = [:]

    init(_ options: Options, _ surroundings: Surroundings) throws {
        self.options = options
        self.surroundings = surroundings
        cluster = try Cluster(surroundings, logger: .benchmark)
        sink = SinkLog(path: surroundings.sinkLog)
        report = Report(options, MachineFacts(), surroundings)
    }

    func run() async throws {
        await report.open(disk: DiskProbe.microseconds(in: surroundings.mailDirectory))
        let peer = try PythonPeer(surroundings.peer)
        defer { peer.stop() }
        report.note(try await peer.versions())
        let size = options.isQuick ? Self.quickOrders : Self.orders
        // The first is to get everything warm.
        for round in 0...(options.isQuick ? 1 : Sizes.rounds) {
            let ours = try await mails(of: EventStream(label: "\(round)", count: size, contacts: 1, kind: .ordering))
            let theirs = try await mails(of: size, by: peer, round)
            guard round > 0 else { continue }
            samples[.mails, default: []].append(ours)
            samples[.mailsByPython, default: []].append(theirs)
            report.note("round \(round): \(Figures.short(ours.rate)) mails/s; Python \(Figures.short(theirs.rate))/s")
        }
        try await report.close(samples, disk: DiskProbe.microseconds(in: surroundings.mailDirectory))
        await cluster.close()
    }

    private func mails(of orders: EventStream) async throws -> Sample {
        try await cluster.settle()
        let requests = cluster.requests.batches(of: orders)
        return try await caught(orders.count, by: surroundings.processes) {
            try await cluster.post(requests, connections: Benchmark.batchConnections)
        }
    }

    private func mails(of size: Int, by peer: PythonPeer, _ round: Int) async throws -> Sample {
        try await cluster.settle()
        return try await caught(size, by: surroundings.processes + [peer.processes]) {
            try await peer.mail("\(round)", size)
        }
    }

    private func caught(
        _ size: Int, by processes: [ProcessGroup], _ body: () async throws -> Void
    ) async throws -> Sample {
        let wanted = try sink.count() + size
        let sample = try await Sample.of(size, by: processes) {
            try await body()
            try await cluster.wait(for: wanted, "mails") { try sink.count() }
        }
        guard try sink.count() == wanted else { throw MeasurementFault("the sink counts more mails than orders") }
        return sample
    }
}
