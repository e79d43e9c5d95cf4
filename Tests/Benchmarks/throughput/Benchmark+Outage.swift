import Glibc

extension Benchmark {
    private static let behindTheEdge = ["scoring", "scheduler", "mailer"]

    /// Everything behind the edge stands still for a minute while orders come in, half as many a second as mails go out at
    /// best; then all goes on: events in, mails out.
    func outage(_ round: Int) async throws {
        let steady = try await mailOrders(
            EventStream(label: "steady\(round)", count: sizes.mails, contacts: 1, kind: .ordering))
        let seconds = options.isQuick ? 5 : 60
        let count = max(100, Int(steady.rate / 2) * seconds / 100 * 100)
        let orders = EventStream(label: "away\(round)", count: count, contacts: 1, kind: .ordering)
        let requests = cluster.requests.batches(of: orders)
        try await cluster.settle()
        mailFolder.clear()
        stand(still: true)
        defer { stand(still: false) }
        let pace = Duration.seconds(seconds) / requests.count
        try await HTTPLoad(address: surroundings.ingest, connections: Self.batchConnections)
            .send(HTTPLoad.Script(count: requests.count, pace: pace) { requests[$0] })
        let folder = mailFolder
        let drained = try await Sample.of(count, by: processes) {
            stand(still: false)
            try await cluster.wait(for: count, "mails") { folder.count() }
        }
        try await cluster.settle()
        guard folder.count() == count else {
            throw MeasurementFault("\(folder.count()) mails came of \(count) orders")
        }
        keep(.wholeDrained, drained)
        keep(.wholeSteady, Sample(items: count, seconds: Double(count) / steady.rate, work: [:]))
    }

    /// Stops everything behind the edge where it is, or has it go on.
    func stand(still: Bool) {
        for service in Self.behindTheEdge { surroundings.processes.signal(service, still ? SIGSTOP : SIGCONT) }
    }
}
