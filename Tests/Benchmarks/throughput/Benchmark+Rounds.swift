import Glibc

extension Benchmark {
    /// One round: floors and subjects in turn, each on events of its own.
    func measure(_ round: Int) async throws {
        if wanted.contains(.broker) { try await broker(stream("broker", round)) }
        if !wanted.isDisjoint(with: [.edgeBatch, .scoring, .repeats]) {
            let events = stream("queued", round)
            try await edgeThenScoring(events)
            if wanted.contains(.repeats) { try await repeats(events) }
        }
        if wanted.contains(.storeOne) { try await store(stream("one", round), connections: 1) }
        if wanted.contains(.httpBatch) { try await bareHTTP(stream("whole", round)) }
        if wanted.contains(.endToEnd) { keep(.endToEnd, try await postAndStore(stream("whole", round))) }
        if wanted.contains(.together) { try await together(stream("together", round)) }
        if wanted.contains(.storeTwo) { try await store(stream("two", round), connections: 2) }
        if wanted.contains(.edgeSingle) { try await singles(round) }
        if wanted.contains(.mails) { try await mails(round) }
        if wanted.contains(.wholeDrained) { try await outage(round) }
        try await check()
    }

    private func stream(_ name: String, _ round: Int) -> EventStream {
        EventStream(label: "\(name)\(round)", count: sizes.events, contacts: sizes.contacts)
    }

    // MARK: Floors of events

    private func broker(_ events: EventStream) async throws {
        let floor = try await BrokerFloor(url: surroundings.brokerURL)
        var bodies = events.bodies()
        let times = Self.repetitions(enough: 60_000_000, of: bodies.count * 131_064)
        bodies = Array(repeatElement(bodies, count: times).joined())
        try await take(.broker, events.count * times) { try await floor.publish(bodies) }
        try await floor.close()
    }

    private func store(_ events: EventStream, connections: Int) async throws {
        let shares = events.columns(connections: connections)
        let before = try await store.rows()
        try await take(connections == 1 ? .storeOne : .storeTwo, events.count) { try await store.write(shares) }
        let written = try await store.rows() - before
        guard written == events.count else {
            throw MeasurementFault("bare SQL wrote \(written) rows of \(events.count)")
        }
    }

    private func bareHTTP(_ events: EventStream) async throws {
        let requests = cluster.requests.batches(of: events)
        let load = HTTPLoad(address: sink.address, connections: Self.batchConnections)
        try await take(.httpBatch, events.count) { try await load.send(requests) }
    }

    /// All three floors at once, each with all of the events: the slowest decides.
    private func together(_ events: EventStream) async throws {
        let floor = try await BrokerFloor(url: surroundings.brokerURL)
        let (requests, bodies) = (cluster.requests.batches(of: events), events.bodies())
        let shares = events.columns(connections: 2)
        let load = HTTPLoad(address: sink.address, connections: Self.batchConnections)
        let store = store
        try await take(.together, events.count) {
            async let http: Void = load.send(requests)
            async let broker: Void = floor.publish(bodies)
            async let sql: Void = store.write(shares)
            _ = try await (http, broker, sql)
        }
        try await floor.close()
    }

    // MARK: Subjects of events

    /// Posts new events; returns when the last is committed.
    func postAndStore(_ events: EventStream) async throws -> Sample {
        try await cluster.settle()
        let requests = cluster.requests.batches(of: events)
        let target = try await cluster.stored() + events.count
        posted += events.count
        return try await Sample.of(events.count, by: processes) {
            try await cluster.post(requests, connections: Self.batchConnections)
            try await cluster.wait(for: target, "events") { try await cluster.stored() }
        }
    }

    /// How often the same is sent, since a fraction of a second would say little.
    private static func repetitions(enough: Int, of size: Int) -> Int { max(1, enough / max(1, size)) }

    /// Posts while scoring stands still, then lets scoring work off what waits; behind it come repetitions, of which only the
    /// edge's rate is taken.
    private func edgeThenScoring(_ events: EventStream) async throws {
        try await cluster.settle()
        let requests = cluster.requests.batches(of: events)
        let target = try await cluster.stored() + events.count
        posted += events.count
        let times = Self.repetitions(enough: 1_500_000, of: events.count)
        let repeated = try await cluster.repeated() + events.count * (times - 1)
        cluster.pauseScoring()
        try await take(.edgeBatch, events.count * times) {
            for _ in 0..<times { try await cluster.post(requests, connections: Self.batchConnections) }
        }
        try await take(.scoring, events.count) {
            cluster.resumeScoring()
            try await cluster.wait(for: target, "events") { try await cluster.stored() }
        }
        try await cluster.wait(for: repeated, "repeated events") { try await cluster.repeated() }
    }

    /// The same again, of which nothing is new.
    private func repeats(_ events: EventStream) async throws {
        let requests = cluster.requests.batches(of: events)
        let target = try await cluster.repeated() + events.count
        cluster.pauseScoring()
        try await cluster.post(requests, connections: Self.batchConnections)
        try await take(.repeats, events.count) {
            cluster.resumeScoring()
            try await cluster.wait(for: target, "repeated events") { try await cluster.repeated() }
        }
    }

    /// Single events to the edge and to the bare server, each at its best number of connections.
    private func singles(_ round: Int) async throws {
        var (subject, floor): (Sample?, Sample?)
        for connections in Self.singleConnections {
            let events = EventStream(
                label: "single\(connections)x\(round)", count: sizes.singles, contacts: sizes.contacts)
            let requests = cluster.requests.singles(of: events)
            let load = HTTPLoad(address: sink.address, connections: connections)
            let bare = try await Sample.of(events.count, by: processes) { try await load.send(requests) }
            try await cluster.settle()
            let target = try await cluster.stored() + events.count
            posted += events.count
            cluster.pauseScoring()
            let ours = try await Sample.of(events.count, by: processes) {
                try await cluster.post(requests, connections: connections)
            }
            cluster.resumeScoring()
            try await cluster.wait(for: target, "events") { try await cluster.stored() }
            if bare.rate > floor?.rate ?? 0 { floor = bare }
            if ours.rate > subject?.rate ?? 0 { subject = ours }
        }
        if let subject, let floor {
            keep(.edgeSingle, subject)
            keep(.httpSingle, floor)
            try await answerDelays(round, atHalfOf: subject.rate)
        }
    }

    /// What was counted must be what is stored.
    private func check() async throws {
        let rows = try await cluster.rows()
        guard rows == posted else {
            throw MeasurementFault("the log holds \(rows) events of the \(posted) that were accepted")
        }
    }
}
