import Foundation
import Glibc

/// Processor time used until now, by group, read from `/proc/PID/stat` (proc(5)); in ticks of 10 ms.
struct ProcessorTime: Sendable {
    /// The name under which this program's own time stands.
    static let own = "load generator"

    private(set) var seconds: [String: Double] = [:]

    static func now(_ groups: [ProcessGroup]) -> ProcessorTime {
        let table = ProcessTable()
        var reading = ProcessorTime()
        for group in groups {
            reading.seconds[group.name] = group.roots.reduce(0) { $0 + table.seconds(ofTree: $1) }
        }
        reading.seconds[own] = usage(RUSAGE_SELF.rawValue) + usage(RUSAGE_CHILDREN.rawValue)
        return reading
    }

    static func - (later: ProcessorTime, earlier: ProcessorTime) -> [String: Double] {
        later.seconds.merging(earlier.seconds) { max(0, $0 - $1) }
    }

    private static func usage(_ who: Int32) -> Double {
        var usage = rusage()
        getrusage(who, &usage)
        return usage.ru_utime.seconds + usage.ru_stime.seconds
    }
}

extension timeval {
    fileprivate var seconds: Double { Double(tv_sec) + Double(tv_usec) / 1e6 }
}

/// All processes of the machine at one moment.
private struct ProcessTable {
    private struct Entry {
        var parent: Int32
        /// Its own, and that of children which have ended.
        var ticks: Int
    }

    private var entries: [Int32: Entry] = [:]
    private var children: [Int32: [Int32]] = [:]

    init() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        for pid in names.compactMap({ Int32($0) }) {
            guard let entry = Self.entry(pid) else { continue }
            entries[pid] = entry
            children[entry.parent, default: []].append(pid)
        }
    }

    private static func entry(_ pid: Int32) -> Entry? {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 14, let parent = Int32(fields[1]) else { return nil }
        return Entry(parent: parent, ticks: fields[11...14].reduce(0) { $0 + (Int($1) ?? 0) })
    }

    func seconds(ofTree root: Int32) -> Double {
        var ticks = 0
        var waiting = [root]
        while let pid = waiting.popLast() {
            ticks += entries[pid]?.ticks ?? 0
            waiting += children[pid] ?? []
        }
        return Double(ticks) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
