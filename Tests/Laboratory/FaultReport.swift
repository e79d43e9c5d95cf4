import Foundation
import Synchronization

/// One row of the fault table: what was done to a cluster, and what the account says of it afterwards.
///
/// Written as a line of JSON to the file that `LOODS_TEST_FAULT_TABLE` names, if it is set; `deploy/dev test faults` prints
/// the lines as a table.
public struct FaultReport: Codable, Sendable {
    /// What was done, in a few words: `kill`, `freeze`, `PostgreSQL away 60 s`.
    public var fault: String
    /// Where, or to whom: a crash point, a service, a server.
    public var point: String
    /// Processes of each worker.
    public var workers: Int
    /// What random choices were made from; nil where none were.
    public var seed: UInt64?
    /// Accepted events, and mails, that are missing.
    public var lost: Int
    /// Events, runs and mails that are there twice.
    public var doubled: Int
    /// Messages that ended as *unknown*.
    public var unknown: Int
    /// Seconds from the end of the fault until the cluster was at rest.
    public var recovery: Double

    public init(
        fault: String, point: String, workers: Int, seed: UInt64? = nil, account: Account, recovery: Duration
    ) {
        self.fault = fault
        self.point = point
        self.workers = workers
        self.seed = seed
        lost = account.lost
        doubled = account.doubled
        unknown = account.unknown
        let (seconds, attoseconds) = recovery.components
        self.recovery = Double(seconds) + (Double(attoseconds) / 1e17).rounded() / 10
    }

    /// Of a scenario that settles its account by itself, after which nothing had to recover.
    public init(
        fault: String, point: String, workers: Int, seed: UInt64? = nil, lost: Int, doubled: Int, unknown: Int
    ) {
        (self.fault, self.point, self.workers, self.seed) = (fault, point, workers, seed)
        (self.lost, self.doubled, self.unknown, recovery) = (lost, doubled, unknown, 0)
    }

    /// Appends the row to the table.
    public func record() throws {
        guard let path = ProcessInfo.processInfo.environment["LOODS_TEST_FAULT_TABLE"], !path.isEmpty else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let line = try Array(encoder.encode(self)) + [UInt8(ascii: "\n")]
        // One write to a file opened for appending: rows of several tests, or processes, never mix.
        let file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw CocoaError(.fileWriteUnknown) }
        defer { close(file) }
        guard write(file, line, line.count) == line.count else { throw CocoaError(.fileWriteUnknown) }
    }
}

/// How much of the laboratory runs, by `LOODS_TEST_FAULTS`.
public enum FaultLevel: Int, Comparable, Sendable {
    /// As part of all tests: a representative quarter.
    case quarter
    /// `deploy/dev test faults`.
    case lab
    /// `deploy/dev test faults --all`.
    case all

    /// The level of this run.
    public static let current: FaultLevel =
        switch ProcessInfo.processInfo.environment["LOODS_TEST_FAULTS"] {
        case "lab": .lab
        case "all": .all
        default: .quarter
        }

    /// What choices are made from: `LOODS_TEST_FAULT_SEED`, or else the day, so that quarters come round. It stands in
    /// every row of the table.
    public static let seed: UInt64 =
        ProcessInfo.processInfo.environment["LOODS_TEST_FAULT_SEED"].flatMap(UInt64.init)
        ?? UInt64(Date().timeIntervalSince1970 / 86_400)

    public static func < (left: FaultLevel, right: FaultLevel) -> Bool { left.rawValue < right.rawValue }
}
