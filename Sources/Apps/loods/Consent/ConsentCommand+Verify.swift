import ArgumentParser
import Model
import Postgres
import ServiceRuntime
import Store

extension ConsentCommand {
    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prove that nobody has changed the ledger of consents past Loods.",
            discussion: """
                The database notes a digest (SHA-256) of each line that is added or taken away, and each minute scoring seals \
                the new ones in a chain: each seal's head is the hash of the one before and of the digests. This command \
                compares every line, digest and seal, in one moment of the store. Lines go when people are erased, and move as \
                contacts merge; that is counted, by whose login did it.

                Whoever may do anything with the database could make a chain anew. Against that a head is kept elsewhere: \
                scoring writes each into its log ("consents sealed"), and this command prints the last. --head HEAD finds it \
                again, or says that what was sealed by then is not what is sealed now; after a restore of the store from a \
                backup, heads that are younger than the backup are gone too. Ends with 1 where something is found.
                """)

        @Option(help: "A head that was kept: 64 hexadecimal digits.")
        var head: String?
        @OptionGroup var workspace: WorkspaceOption
        @OptionGroup var format: FormatOption

        func validate() throws {
            if let head, ConsentDigest(head) == nil { throw ValidationError("--head is 64 hexadecimal digits.") }
        }

        func run() async throws {
            let (choice, kept, isJSON) = (try workspace.choice(), head.flatMap { ConsentDigest($0) }, format.json)
            let database = try Settings.read { Settings.databaseURL(&$0) }
            let verdict = try await PostgresPool.lend(database) { pool in
                try await pool.withTransaction { session in
                    try Snapshot.take(in: session)
                    let entry = try choice.enter(in: session)
                    var (progress, faults) = (Progress("consents"), [ConsentSeals.Fault]())
                    let account = try ConsentSeals.check(entry.id, against: kept, in: session) { lines, all in
                        progress.show(Int(lines), fraction: min(1, Double(lines) / Double(max(1, all))))
                    } tell: { fault in
                        if faults.count < ConsentVerdict.limit { faults.append(fault) }
                    }
                    progress.end()
                    return ConsentVerdict(workspace: entry.name, account: account, faults: faults, kept: kept)
                }
            }
            if isJSON { Console.show(verdict.json) } else { verdict.lines.forEach { print($0) } }
            guard verdict.account.faults > 0 else { return }
            throw ExitFault(code: .failures, message: verdict.sentence)
        }
    }
}

/// What is said of a workspace's ledger of consents once it was verified.
struct ConsentVerdict: Sendable {
    /// Faults that are told; of more there is the number.
    static let limit = 1000

    let workspace: String
    let account: ConsentSeals.Account
    let faults: [ConsentSeals.Fault]
    let kept: ConsentDigest?

    var sentence: String {
        let more = account.faults > Int64(Self.limit) ? ", of which the first \(Self.limit.grouped) are told" : ""
        return "the ledger of consents of workspace \(workspace) was changed past Loods: "
            + "\(Int(account.faults).counted("fault"))\(more)"
    }

    var lines: [String] {
        var lines = faults.map { Console.safe($0.sentence) }
        if faults.isEmpty {
            let count = Int(account.lines).counted("line")
            lines.append("the ledger of workspace \(workspace) is whole: \(count), as recorded")
        }
        for (login, count) in account.removed.sorted(by: { $0.key < $1.key }) {
            lines.append("\(Int(count).counted("line")) taken away by the login \(login), as merging and erasing do")
        }
        guard let last = account.last else { return lines + ["nothing is sealed yet; scoring does that each minute"] }
        let fresh = account.unsealed > 0 ? "; not sealed yet: \(account.unsealed)" : ""
        lines.append("\(Int(account.seals).counted("seal")), the last at \(last.sealedAt)\(fresh)")
        if let kept, faults.isEmpty { lines.append("among them the head that was kept, \(kept)") }
        return lines + ["head \(last.head)"]
    }

    var json: JSON {
        var object: [String: JSON] = [
            "workspace": .string(workspace), "whole": .bool(account.faults == 0), "lines": .int(account.lines),
            "unsealed": .int(account.unsealed), "removed": .object(account.removed.mapValues { .int($0) }),
            "seals": .int(account.seals), "faults_found": .int(account.faults), "faults": .array(faults.map(\.json)),
        ]
        object["head"] = account.last.map { .string("\($0.head)") }
        object["sealed_at"] = account.last.map { .string($0.sealedAt.description) }
        return .object(object)
    }
}

extension ConsentSeals.Fault {
    private var kind: String {
        switch self {
        case .unrecorded: "unrecorded_line"
        case .gone: "lines_gone"
        case .broken: "broken_seal"
        case .missing: "seals_missing"
        case .unknownHead: "unknown_head"
        }
    }

    fileprivate var sentence: String {
        switch self {
        case .unrecorded(let entry):
            let place = entry.address.isEmpty ? "" : " at \(entry.address)"
            return "\(entry.contact.contact)   \(entry.topic)\(place), \(entry.state.rawValue) \(entry.at): "
                + "the line is not as it was recorded, or was never recorded"
        case .gone(let lines, let sealedAt):
            let when = sealedAt.map { "sealed at \($0)" } ?? "recorded since the last seal"
            return "\(Int(lines).counted("line")) \(when): not there as recorded, and nobody took them away"
        case .broken(let seal):
            return "seal \(seal.number) of \(seal.sealedAt) does not follow from the one before it and what it sealed"
        case .missing(let seal): return "the seals before seal \(seal.number) of \(seal.sealedAt) are not there"
        case .unknownHead(let head):
            return "no seal has the head \(head): what was sealed by then is not what is sealed now, or the store was "
                + "restored from a backup that is older, or the head is another workspace's"
        }
    }

    fileprivate var json: JSON {
        var object: [String: JSON] = ["kind": .string(kind), "says": .string(sentence)]
        if case .unrecorded(let entry) = self {
            object["contact"] = .string(entry.contact.contact.description)
            object["line"] = .object(entry.members)
        }
        return .object(object)
    }
}
