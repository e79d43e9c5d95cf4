import Foundation

/// What goes on at the edge all the while that something else happens: customers order, as clients that come again when they
/// are told to, and readers of earlier mails click and open.
public actor Traffic {
    /// What the orders must lead to.
    public private(set) var expected = Expected()
    /// How often orders were answered with each status; 0 is no answer.
    public private(set) var statuses: [Int: Int] = [:]
    /// Orders that were answered 503 without a word about when to come again.
    public private(set) var unguided = 0
    /// Clicks and opens, and those that were not answered as they should.
    public private(set) var reads = 0
    public private(set) var badReads: [String] = []
    public private(set) var slowestRead = Duration.zero

    private let cluster: Cluster
    private var nextCustomer: Int
    private var isOver = false

    private init(_ cluster: Cluster, _ firstCustomer: Int) {
        self.cluster = cluster
        nextCustomer = firstCustomer
    }

    /// Runs `body` while the traffic flows; ends it once every order that was begun has been accepted.
    ///
    /// - Parameters:
    ///   - firstCustomer: the first of as many new customers as there are orders.
    ///   - pause: between two orders of one client; there are four clients.
    public static func flowing(
        through cluster: Cluster, readers: [Reader], firstCustomer: Int = 10_000,
        pause: Duration = .milliseconds(40), _ body: (Traffic) async throws -> Void
    ) async throws -> Traffic {
        let traffic = Traffic(cluster, firstCustomer)
        // Both are awaited below, whatever becomes of `body`.
        let orders = Task {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { await traffic.order(every: pause) } }
            }
        }
        let reads = Task { await traffic.read(readers) }
        let result: Result<Void, any Error>
        do { result = .success(try await body(traffic)) } catch { result = .failure(error) }
        await traffic.end(at: .now + .seconds(60))
        await orders.value
        await reads.value
        try result.get()
        return traffic
    }

    /// What stood in its way, for the fault table: the slowest click or open is a figure, not a promise of this machine.
    public var summary: String {
        let slowest = Int((slowestRead / .milliseconds(1)).rounded())
        return "under load; \(statuses[503] ?? 0) times 503, slowest click \(slowest) ms"
    }

    /// Orders so far that were accepted.
    public var orders: Int { expected.mails.count }

    private var deadline: ContinuousClock.Instant?

    private func end(at deadline: ContinuousClock.Instant) {
        isOver = true
        self.deadline = deadline
    }

    private func order(every pause: Duration) async {
        var pace = Pace(every: pause)
        while !isOver {
            let customer = nextCustomer
            nextCustomer += 1
            await order(customer)
            try? await pace.next()
        }
    }

    /// One order, again and again until it is accepted.
    private func order(_ customer: Int) async {
        var pace = Pace(every: .milliseconds(100))
        while deadline.map({ .now < $0 }) ?? true {
            let answer = try? await cluster.answer(to: Shop.customer(customer, consents: ["offers"]))
            statuses[answer?.status ?? 0, default: 0] += 1
            if answer?.status == 200 { return expected.add(customer: customer, consents: ["offers"]) }
            if answer?.status == 503, answer?.retryAfter == nil { unguided += 1 }
            try? await pace.next()
        }
    }

    /// A click and an open by one after the other, and from the start again.
    private func read(_ readers: [Reader]) async {
        var pace = Pace(every: .milliseconds(40))
        while !isOver, !readers.isEmpty {
            for reader in readers where !isOver {
                await time("click", 302) { try await self.cluster.open(reader.click).0 }
                await time("open", 200) { try await self.cluster.open(reader.pixel).0 }
                try? await pace.next()
            }
        }
    }

    private func time(_ what: String, _ status: Int, _ request: () async throws -> Int) async {
        let start = ContinuousClock.now
        do {
            let answer = try await request()
            if answer != status { badReads.append("a \(what) was answered \(answer)") }
        } catch {
            badReads.append("a \(what) was not answered: \(error)")
        }
        reads += 1
        slowestRead = max(slowestRead, .now - start)
    }
}

extension Expected {
    /// Takes in what others expect.
    public mutating func add(_ other: Expected) {
        mails.merge(other.mails) { $0 + $1 }
        perhaps.merge(other.perhaps) { $0.union($1) }
        setAside += other.setAside
        poison.formUnion(other.poison)
        erased.formUnion(other.erased)
    }

    /// A customer gets one more mail.
    public mutating func add(_ template: String, to customer: Int) {
        mails[Shop.address(customer), default: []].append(template)
    }
}
