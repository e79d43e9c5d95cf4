import Logging
import Messaging
import Metrics
import Model
import Postgres
import ServiceLifecycle
import Store
import Transit

/// Keeps this mailer from sending out of a store that was restored, until `loods fence`.
///
/// A restored store plans again what was sent already. So nothing is claimed, handed over or released before this has seen
/// that the store is the one that mails were last sent from: when the mailer starts, and whenever the store has failed
/// something in this process. Every claim and every hand-over looks at the lineage once more in its own transaction
/// (`Lineages.check`); what only the broker can tell, the mark, is compared here. A standby that takes over and has lost
/// nothing is accepted without anybody's help: its mark is at least the one that mailers have published.
actor LineageWatch {
    private enum Finding: Equatable {
        case unseen
        case accepted
        /// Nothing is sent, and why.
        case refused(String)
    }

    private static let pause = Duration.milliseconds(250)

    private let worker: Worker
    private let mailer: String
    private var finding = Finding.unseen
    /// Whether the broker was asked since the store last failed something.
    private var isCompared = false
    /// Counts the doubts, so that an examination that began before the last one says nothing.
    private var doubts = 0
    private var lastMark: Int64 = 0
    private let gauge = Gauge(label: "loods_mailer_lineage_accepted")

    init(worker: Worker, mailer: String) {
        self.worker = worker
        self.mailer = mailer
        gauge.record(0)
    }

    /// Whether this mailer may claim and hand over.
    var isAccepted: Bool { finding == .accepted }

    /// Whether the next look, a moment from now, tells more.
    var isUnseen: Bool { finding == .unseen }

    /// Why nothing is sent; nil where something may be.
    var obstacle: String? {
        switch finding {
        case .accepted: nil
        case .unseen: "the store's lineage has not been seen yet"
        case .refused(let reason): reason
        }
    }

    /// The store failed something, or is not what it was: it may be another one when it is back.
    func doubt() {
        doubts += 1
        isCompared = false
        if finding == .accepted { set(.unseen) }
    }

    /// A mark that this mailer has set; one that is no greater than the last shows a store that went back.
    func note(_ mark: Lineages.Mark) {
        if mark.number <= lastMark { doubt() }
        lastMark = max(lastMark, mark.number)
    }

    /// Looks at the store whenever there is something to find out, until graceful shutdown or cancellation.
    func run() async {
        await cancelWhenGracefulShutdown { await self.look() }
        await every(Self.pause) { await cancelWhenGracefulShutdown { await self.look() } }
    }

    /// One look, where it is not known that the store stands.
    func look() async {
        guard finding != .accepted || !isCompared else { return }
        let doubts = doubts
        do {
            let (judgement, isCompared) = try await examine()
            guard doubts == self.doubts else { return }
            conclude(judgement, isCompared)
        } catch {
            worker.logger.debug("the store's lineage cannot be seen", metadata: ["reason": "\(error)"])
        }
    }

    private func examine() async throws -> (Lineages.Judgement, isCompared: Bool) {
        let refusal = try await worker.pool.withTransaction { try Lineages.standing(in: $0).refusal }
        if let refusal { return (.refuse(refusal), false) }
        let published = await newestMark()
        let (standing, judgement) = try await judge(published)
        return try await write(judgement, standing) ? (judgement, published != .unreachable) : (.beingWritten, false)
    }

    /// The store is read after the broker: a mark is published once the store has it, so others may go on meanwhile.
    private func judge(_ published: Lineages.Published) async throws -> (Lineages.Standing, Lineages.Judgement) {
        try await worker.pool.withTransaction { session in
            let standing = try Lineages.standing(in: session)
            let hasClaimed = try Lineages.hasClaimed(in: session)
            return (standing, Lineages.judge(standing, published: published, hasClaimed: hasClaimed))
        }
    }

    /// - Returns: false where another mailer was first.
    private func write(_ judgement: Lineages.Judgement, _ standing: Lineages.Standing) async throws -> Bool {
        let (name, now) = (mailer, worker.clock.now)
        let isWritten = try await worker.pool.withTransaction { session in
            switch judgement {
            case .accept: return try Lineages.accept(standing, by: name, machineNow: now, in: session)
            case .refuse(let reason):
                try Lineages.refuse(reason, machineNow: now, in: session)
                return true
            case .stands, .wait: return true
            }
        }
        if isWritten, judgement == .accept { sayAccepted(standing) }
        return isWritten
    }

    private func newestMark() async -> Lineages.Published {
        if worker.publisher.isKnownUnusable { return .unreachable }
        return await PublishedMarks.newest(worker.broker)
    }

    private func conclude(_ judgement: Lineages.Judgement, _ isCompared: Bool) {
        self.isCompared = isCompared
        switch judgement {
        case .stands, .accept: set(.accepted)
        case .wait(let reason): set(.refused(reason))
        case .refuse(let reason):
            // The mark goes on from wherever `loods fence` sets it.
            lastMark = 0
            set(.refused("\(reason); nothing is sent until: loods fence --restored-at TIME"))
        }
    }

    private func set(_ finding: Finding) {
        guard finding != self.finding else { return }
        let before = self.finding
        self.finding = finding
        gauge.record(finding == .accepted ? 1 : 0)
        if case .refused(let reason) = finding {
            worker.logger.error("no mail is sent from this store", metadata: ["reason": "\(reason)"])
        } else if finding == .accepted, case .refused = before {
            worker.logger.notice("mails are sent from this store again")
        }
    }

    private func sayAccepted(_ standing: Lineages.Standing) {
        guard let actual = standing.actual, let recorded = standing.recorded else { return }
        worker.logger.notice(
            "the store has moved and lost nothing; mails go on", metadata: ["from": "\(recorded)", "to": "\(actual)"])
    }
}

extension Lineages.Judgement {
    /// The next look finds out more.
    fileprivate static let beingWritten = Self.wait("another mailer is looking at the store's lineage")
}
