import Foundation
import Glibc

/// What the figures were taken on.
struct MachineFacts: Sendable {
    var processor: String
    var cores: Int
    var memory: String
    var kernel: String

    init() {
        let lines = Self.lines("/proc/cpuinfo")
        processor = Self.value("model name", in: lines) ?? "unknown processor"
        cores = ProcessInfo.processInfo.activeProcessorCount
        memory = "\(ProcessInfo.processInfo.physicalMemory >> 30) GiB"
        kernel = Self.lines("/proc/sys/kernel/osrelease").first ?? "unknown"
    }

    var text: String { "\(processor), \(cores) cores, \(memory), Linux \(kernel)" }

    private static func lines(_ path: String) -> [String] {
        ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
    }

    private static func value(_ key: String, in lines: [String]) -> String? {
        lines.first { $0.hasPrefix(key) }?.split(separator: ":", maxSplits: 1).last
            .map { $0.trimmingCharacters(in: .whitespaces) }
    }
}

/// How long the disk takes to make 8 KB durable, as pg_test_fsync's fdatasync line does it.
enum DiskProbe {
    /// Median microseconds; nil where the folder cannot be written. Takes half a second.
    static func microseconds(in folder: String) async -> Double? {
        try? await onThread {
            let path = "\(folder)/.disk-probe"
            let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
            guard file >= 0 else { throw SystemFault("open") }
            defer {
                close(file)
                unlink(path)
            }
            return try probe(file)
        }
    }

    private static func probe(_ file: Int32) throws -> Double {
        let page = [UInt8](repeating: 0x5A, count: 8192)
        var times: [Double] = []
        let end = ContinuousClock.now + .milliseconds(500)
        while ContinuousClock.now < end {
            let start = ContinuousClock.now
            guard pwrite(file, page, page.count, 0) == page.count, fdatasync(file) == 0 else {
                throw SystemFault("fdatasync")
            }
            times.append((ContinuousClock.now - start) / .microseconds(1))
        }
        return times.median
    }
}
