import CrashPoints
import Laboratory
import TestSupport

/// A place of the crash table: who comes to it, and what brings them there.
struct CrashRound: Sendable {
    var point: CrashPoint
    /// The executable whose processes die.
    var service: String
    /// What must have died before, for the point to be reached at all.
    var after: CrashPoint?

    var name: String {
        let shared = ["publisher", "outbox", "consumer", "sweeper"].contains { point.name.hasPrefix($0) }
        return shared ? "\(service): \(point.name)" : point.name
    }

    /// Whether somebody withdraws consent in it, rather than buys something.
    var withdraws: Bool { point.name.hasPrefix("withdrawal") || service == "ingest" && point.name.hasPrefix("outbox") }

    /// Whether a broadcast goes out in it.
    var broadcasts: Bool { point == .schedulerWalking }

    /// Whether somebody is erased in it: it is the command line that dies.
    var erases: Bool { point.name.hasPrefix("erasure") }

    /// Points that a scenario of their own comes to: what comes back of mails, `ReturnedMailClusterTests`.
    static let elsewhere: Set<CrashPoint> = [.returnBeforeCommit]

    /// Every other place, with everyone who comes to it.
    static let all: [CrashRound] = {
        let shared: [CrashPoint] = [
            .consumerAfterDelivery, .consumerBeforeAck, .consumerAfterAck, .outboxBeforePublish, .publisherAfterPublish,
            .outboxAfterConfirm,
        ]
        var rounds = ["scoring", "scheduler", "mailer"].flatMap { service in
            shared.map { CrashRound(point: $0, service: service) }
        }
        rounds += [.publisherAfterPublish, .outboxBeforePublish].map { CrashRound(point: $0, service: "ingest") }
        rounds.append(CrashRound(point: .sweeperAfterClaim, service: "scoring", after: .outboxBeforePublish))
        let known = elsewhere.union(rounds.map(\.point))
        rounds += CrashPoint.allCases.filter { !known.contains($0) }.map { point in
            let first = String(point.name.prefix { $0 != "." })
            let services = ["withdrawal": "ingest", "erasure": "loods"]
            return CrashRound(point: point, service: services[first] ?? first)
        }
        return rounds
    }()

    /// The rounds of a run: all, or a quarter that the seed chooses, so that every one has its day.
    static func chosen(_ workers: Int, seed: UInt64) -> [CrashRound] {
        let offset = Int((seed &+ UInt64(workers)) % 4)
        let quarter = all.enumerated().filter { $0.offset % 4 == offset }.map(\.element)
        let rounds = FaultLevel.current == .quarter ? quarter : all
        var dice = Dice(seed: seed &* 31 &+ UInt64(workers))
        return rounds.shuffled(using: &dice)
    }
}
