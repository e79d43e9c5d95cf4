import CrashPoints
import Laboratory
import Postgres
import TestSupport
import Testing

/// Every named place in every service, with one and with three of each worker: those who come there die, a supervisor
/// starts them anew, and afterwards the account is clean.
@Suite struct CrashPointTests {
    struct Table: Sendable, CustomTestStringConvertible {
        var workers: Int
        var seed: UInt64
        var testDescription: String { "\(workers) of each worker, seed \(seed)" }
    }

    static let tables: [Table] = {
        let seeds = (0..<(FaultLevel.current == .all ? 3 : 1)).map { FaultLevel.seed &+ $0 }
        return seeds.flatMap { seed in [1, 3].map { Table(workers: $0, seed: seed) } }
    }()

    @Test(.timeLimit(.minutes(15)), arguments: tables)
    func nothingIsLostWhereverAProcessDies(_ table: Table) async throws {
        try await Cluster.with(
            services: Cluster.workers(table.workers), settings: ["mailer": ["LOODS_CLAIM_LEASE": "2s"]],
            workspace: Shop.files.merging(CrashStory.news) { $1 }
        ) { cluster in
            var story = CrashStory(cluster: cluster, workers: table.workers, seed: table.seed)
            try await cluster.supervised {
                for round in CrashRound.chosen(table.workers, seed: table.seed) { try await story.play(round) }
            }
        }
    }

    @Test func everyPointIsInTheTable() {
        #expect(CrashRound.elsewhere.union(CrashRound.all.map(\.point)) == Set(CrashPoint.allCases))
    }

    /// A name that means nothing is a fault of the settings, like any other.
    @Test(arguments: [
        ("LOODS_CRASH_POINT", "mailer.nowhere"), ("LOODS_CRASH_POINT", "mailer.after-dot:0"),
        ("LOODS_FREEZE_POINT", "nowhere"), ("LOODS_CRASH_ITEM", "event"), ("LOODS_CRASH_ITEM", "nothing:of this"),
    ])
    func aFaultyNameIsAFaultOfTheSettings(_ name: String, _ value: String) async throws {
        let process = try ServiceProcess("scheduler", environment: [name: value])
        #expect(try await process.waitForExit() == .status(64))
        #expect(process.output.contains(name))
    }
}

/// Rounds on one cluster: in each somebody dies, and the account is settled over all that has been so far.
struct CrashStory {
    let cluster: Cluster
    let workers: Int
    let seed: UInt64
    private var dice: Dice
    var expected = Expected()
    private var customers = 0
    /// Who has had an offer and not withdrawn yet.
    private var takers: [Int] = []
    var unknown = 0
    var erased = 0
    var broadcasts = 0

    init(cluster: Cluster, workers: Int, seed: UInt64) {
        self.cluster = cluster
        self.workers = workers
        self.seed = seed
        dice = Dice(seed: seed)
    }

    mutating func play(_ round: CrashRound) async throws {
        if round.erases { return try await erase(at: round) }
        if round.withdraws { try await findTakers() }
        // Some come to the place as soon as they start.
        let before = await cluster.deaths.count
        let armed = try await arm(round)
        try await provoke(round, since: before)
        let death = try await cluster.firstDeath(since: before, at: round.name)
        if round.broadcasts { try await finishBroadcasts() }
        try await settle(round, since: death)
        try await disarm(armed)
    }

    mutating func settle(_ round: CrashRound, since death: ContinuousClock.Instant) async throws {
        try await cluster.drain(expecting: expected)
        let account = try await cluster.account(expecting: expected)
        let own = account.unknown - unknown
        unknown = account.unknown
        var row = FaultReport(
            fault: "kill", point: round.name, workers: workers, seed: seed, account: account, recovery: .now - death)
        row.unknown = own
        try row.record()
        // Four connections each, and for each connection a mail at its final dot and one on its way to the store.
        let limit = round.service == "mailer" ? unknown - own + 2 * 4 * workers : unknown - own
        account.expectClean(unknown: limit, "\(round.name), \(workers) of each worker, seed \(seed)")
    }

    // MARK: Arming

    private mutating func arm(_ round: CrashRound) async throws -> [String] {
        let arrival = round.withdraws ? 1 : Int.random(in: 1...2, using: &dice)
        let deadly = ["LOODS_CRASH_POINT": "\(round.point.name):\(arrival)"]
        guard let first = round.after else {
            let services = await cluster.processes(of: round.service)
            try await cluster.replace(services, with: deadly)
            return services
        }
        // Whoever sweeps first is the one: so all that sweep are armed, and the first to die leaves something to sweep.
        var services: [String] = []
        let always = ["LOODS_CRASH_POINT": round.point.name]
        for executable in ["scoring", "scheduler", "mailer"] {
            let processes = await cluster.processes(of: executable)
            let isFirst = executable == round.service
            try await cluster.replace(
                processes, with: isFirst ? ["LOODS_CRASH_POINT": first.name] : always, then: isFirst ? [always] : [])
            services += processes
        }
        return services
    }

    /// Those who did not come to the place are not to die in the next round.
    private func disarm(_ services: [String]) async throws {
        try await cluster.replace(services)
    }

    // MARK: Load

    private mutating func provoke(_ round: CrashRound, since count: Int) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        repeat {
            if round.withdraws {
                try await withdraw()
            } else {
                try await sell()
                if round.broadcasts { try await broadcast() }
            }
        } while try await !isReached(round, since: count) && ContinuousClock.now < deadline
    }

    /// Whether the place has been come to, after a while in which what was posted may get there.
    private func isReached(_ round: CrashRound, since count: Int) async throws -> Bool {
        let wanted = round.after == nil ? 1 : 2
        return try await comesTrue(within: round.after == nil ? .milliseconds(300) : .seconds(6)) {
            await cluster.deaths.count >= count + wanted
        }
    }

    /// Four customers, half of whom take offers.
    mutating func sell() async throws {
        let numbers = customers..<customers + 4
        customers += 4
        let consents = { (number: Int) in number.isMultiple(of: 2) ? ["offers"] : [String]() }
        for number in numbers { expected.add(customer: number, consents: consents(number)) }
        try await cluster.post(numbers.flatMap { Shop.customer($0, consents: consents($0)) })
    }

    private mutating func findTakers() async throws {
        if takers.isEmpty {
            for _ in 0..<2 { try await sell() }
            try await cluster.drain(expecting: expected)
        }
        let withdrawn = Set(cluster.journal.withdrawals.map(\.address))
        takers = (0..<customers).filter { $0.isMultiple(of: 2) && !withdrawn.contains(Shop.address($0)) }
    }

    /// Somebody leaves a basket, and withdraws while its reminder is on its way, or not yet, or gone.
    private mutating func withdraw() async throws {
        guard let number = takers.popLast() else { return }
        let address = Shop.address(number)
        let link = try cluster.mail.mails().lazy.filter { $0.to == address }.compactMap(\.unsubscribeLink).first
        guard let link else { return }
        expected.perhaps[address] = ["basket-left"]
        let cluster = cluster
        async let answer = cluster.unsubscribe(link, address: address, topic: "offers")
        try await cluster.post([Shop.basket(number)])
        #expect(try await answer == "applied")
    }
}

extension Cluster {
    /// When the first died of those who died after `count` others.
    func firstDeath(since count: Int, at place: String) throws -> ContinuousClock.Instant {
        try #require(deaths.dropFirst(count).first, "nobody came to \(place)").at
    }
}
