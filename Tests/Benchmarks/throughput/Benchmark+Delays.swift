/// How long answers take, at half of what the edge can do.
extension Benchmark {
    /// Seconds of each measurement.
    private static let pacedFor = 2.0

    /// Single events at a steady pace, and the bare broker's confirms at the same.
    ///
    /// - Parameter rate: requests a second that the edge answered a moment ago at its best.
    func answerDelays(_ round: Int, atHalfOf rate: Double) async throws {
        let pace = Duration.seconds(2 / rate)
        let count = min(sizes.singles, Int(rate / 2 * Self.pacedFor))
        let events = EventStream(label: "paced\(round)", count: count, contacts: sizes.contacts)
        try await cluster.settle()
        let floor = try await BrokerFloor(url: surroundings.brokerURL)
        keep(.confirmDelay, .slowest(of: try await floor.delays(of: events.singleBodies(), every: pace)))
        try await floor.close()

        let requests = cluster.requests.singles(of: events)
        let target = try await cluster.stored() + count
        posted += count
        cluster.pauseScoring()
        let load = HTTPLoad(address: surroundings.ingest, connections: Self.singleConnections[0])
        let delays = try await load.delays(of: .init(count: count, pace: pace) { requests[$0] })
        keep(.edgeDelay, .slowest(of: delays))
        cluster.resumeScoring()
        try await cluster.wait(for: target, "events") { try await cluster.stored() }
    }
}

extension Sample {
    /// The 99th of a hundred delays, as the time of one item.
    fileprivate static func slowest(of delays: [Duration]) -> Sample {
        Sample(items: 1, seconds: Delays(goal: "", all: delays).quantile(0.99), work: [:])
    }
}
