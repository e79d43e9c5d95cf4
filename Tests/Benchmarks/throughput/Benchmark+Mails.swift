extension Benchmark {
    /// Orders to mails, beside ready-made mails; both to the same catcher.
    func mails(_ round: Int) async throws {
        let orders = EventStream(label: "\(round)", count: sizes.mails, contacts: 1, kind: .ordering)
        keep(.mails, try await mailOrders(orders))
        let (floor, size) = (mailFloor, mailFolder.typicalSize())
        try await caught(.smtp, sizes.mails) { try await floor.send(sizes.mails, bytes: size) }
        guard floor.smtpSource != nil else { return }
        try await caught(.smtpLarge, sizes.mails) { try await floor.send(sizes.mails, bytes: Self.largeMail) }
        try await caught(.engine, sizes.mails) { try await floor.sendByPool(sizes.mails, bytes: Self.largeMail) }
    }

    private static let largeMail = 20_000

    /// Posts an order each of so many new people; returns when the last mail is there.
    func mailOrders(_ orders: EventStream) async throws -> Sample {
        try await cluster.settle()
        mailFolder.clear()
        let requests = cluster.requests.batches(of: orders)
        let folder = mailFolder
        let sample = try await Sample.of(orders.count, by: processes) {
            try await cluster.post(requests, connections: Self.batchConnections)
            try await cluster.wait(for: orders.count, "mails") { folder.count() }
        }
        // The outcomes of the mails are events too.
        try await cluster.settle()
        guard folder.count() == orders.count else {
            throw MeasurementFault("\(folder.count()) mails came of \(orders.count) orders")
        }
        return sample
    }

    private func caught(_ series: Series, _ count: Int, _ body: () async throws -> Void) async throws {
        mailFolder.clear()
        try await take(series, count, body)
        let found = mailFolder.count()
        guard found == count else { throw MeasurementFault("\(found) mails of \(count) were caught") }
    }
}
