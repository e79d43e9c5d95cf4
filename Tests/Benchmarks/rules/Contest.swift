import Expressions
import Foundation
import Model

/// Both evaluators take turns, rule by rule and round by round; a ratio is of one round.
final class Contest {
    private struct Round {
        var ours: [Double] = []
        var peers: [Double] = []

        /// Time per rule over all rules.
        var ratio: Double { ours.reduce(0, +) / peers.reduce(0, +) }
    }

    private static let must = 0.5
    private static let aim = 0.1

    private let peer: Peer
    private let rounds: Int
    private let expressions: [Expressions.Expression]
    private let worlds = (0..<Rules.worldCount).map { PreparedWorld($0) }
    private let jsonWorlds = (0..<Rules.worldCount).map { JSONWorld($0) }
    private var taken: [Round] = []
    private var unprepared: [Double] = []
    private var preparation = 0.0

    init(_ peer: Peer, isQuick: Bool) throws {
        self.peer = peer
        rounds = isQuick ? 3 : 9
        expressions = try Rules.named.map { try Expressions.Expression($0.source, scope: .event) }
    }

    func run() throws {
        for round in 0..<rounds {
            var figures = Round()
            for rule in expressions.indices {
                let (ours, theirs) = try turn(rule, oursFirst: (round + rule).isMultiple(of: 2))
                guard ours.trueShare == theirs.trueShare else {
                    throw Disagreement(rule: Rules.named[rule].name)
                }
                figures.ours.append(ours.perRule)
                figures.peers.append(theirs.perRule)
            }
            taken.append(figures)
        }
        unprepared = expressions.map { measure($0, in: jsonWorlds, times: 500).perRule }
        preparation = timeToPrepare()
    }

    private func turn(_ rule: Int, oursFirst: Bool) throws -> (Measurement, Measurement) {
        let first = oursFirst ? measure(expressions[rule], in: worlds, times: 2000) : nil
        let theirs = try peer.measure(rule: rule, times: 400)
        return (first ?? measure(expressions[rule], in: worlds, times: 2000), theirs)
    }

    private func measure(_ expression: Expressions.Expression, in worlds: [some EvaluationContext], times: Int)
        -> Measurement
    {
        var trueCount = 0
        let started = Self.processorTime()
        for _ in 0..<times {
            for world in worlds where expression.holds(in: world).holds { trueCount += 1 }
        }
        return Measurement(
            nanoseconds: Self.processorTime() - started, evaluations: times * worlds.count, trueCount: trueCount)
    }

    private func timeToPrepare() -> Double {
        let started = Self.processorTime()
        var kept = 0
        for _ in 0..<200 {
            for world in jsonWorlds { kept += Record(world.contact) == Record(.null) ? 1 : 0 }
        }
        precondition(kept == 0)
        return (Self.processorTime() - started) / Double(200 * jsonWorlds.count)
    }

    /// Of this process: on a busy machine the clock on the wall measures the others.
    private static func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }

    // MARK: Reporting

    func report(asJSON: Bool) {
        let ratios = taken.map(\.ratio).sorted()
        if asJSON {
            print(String(decoding: json(ratios).serialized, as: UTF8.self))
            return
        }
        print("five rules in turns with common-expression-language \(peer.version) (cel-rust), both compiled and in")
        print("contexts made before; \(rounds) rounds, processor time per rule, medians\n")
        for rule in expressions.indices { print(line(rule)) }
        let verdict = ratios.median <= Self.aim ? "aim met" : ratios.median <= Self.must ? "must met" : "MISSED"
        print(
            "\nours / peer  \(ratios.median.places(3))  (\(ratios[0].places(3)) to \(ratios.last!.places(3)));"
                + " must \(Self.must), aim \(Self.aim): \(verdict)")
        let json = unprepared.reduce(0, +) / Double(unprepared.count)
        print(
            "without records made before, from JSON: \(Int(json)) ns a rule; to make a contact's: \(Int(preparation)) ns"
        )
    }

    private func line(_ rule: Int) -> String {
        let (ours, peers) = medians(rule)
        let name = Rules.named[rule].name
        return "  \(name)\(String(repeating: " ", count: 12 - name.count))\(Int(ours)) ns   peer \(Int(peers)) ns"
            + "   \((ours / peers).places(3))   \(Rules.named[rule].source)"
    }

    private func medians(_ rule: Int) -> (ours: Double, peers: Double) {
        (taken.map { $0.ours[rule] }.sorted().median, taken.map { $0.peers[rule] }.sorted().median)
    }

    private func json(_ ratios: [Double]) -> JSON {
        let rules = expressions.indices.map { rule in
            let (ours, peers) = medians(rule)
            return JSON.object([
                "rule": .string(Rules.named[rule].name), "nanoseconds": .double(ours),
                "peer_nanoseconds": .double(peers),
                "unprepared_nanoseconds": .double(unprepared[rule]), "ratio": .double(ours / peers),
            ])
        }
        return .object([
            "rules": .array(rules), "ratio": .double(ratios.median), "lowest": .double(ratios[0]),
            "highest": .double(ratios.last!), "must": .double(Self.must), "aim": .double(Self.aim),
            "peer": .string("common-expression-language \(peer.version)"),
        ])
    }
}

/// A rule on whose truth the two differ: then their times say nothing.
struct Disagreement: Error, CustomStringConvertible {
    var rule: String
    var description: String { "the rule \(rule) is not true of the same worlds for both" }
}

extension [Double] {
    /// Of sorted figures.
    fileprivate var median: Double { self[count / 2] }
}

extension Double {
    fileprivate func places(_ count: Int) -> String {
        let scale = pow(10, Double(count))
        return "\((self * scale).rounded() / scale)"
    }
}
