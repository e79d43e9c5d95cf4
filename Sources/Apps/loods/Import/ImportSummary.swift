import Foundation
import Model
import ServiceRuntime

/// What an import did.
struct ImportSummary: Sendable {
    private static let shown = 20

    var published = 0
    var elapsed: Duration = .zero
    /// Events that scoring could not make facts; known only where the import waited.
    var setAside = 0
    /// Records that stood already; of suppressions alone.
    var known = 0
    private(set) var rejected = 0
    private(set) var first: [EventFile.Rejection] = []
    private let rejectsFile: FileHandle?

    init(rejectsFile path: String?) throws {
        guard let path else {
            rejectsFile = nil
            return
        }
        guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path)
        else { throw ExitFault(code: .settings, message: "\(path) cannot be written") }
        rejectsFile = file
    }

    mutating func reject(_ rejection: EventFile.Rejection) throws {
        rejected += 1
        if first.count < Self.shown { first.append(rejection) }
        try rejectsFile?.write(contentsOf: Data(rejection.json.serialized + [0x0A]))
    }

    func say(waited: Bool) {
        let rate = elapsed > .zero ? " (\(Int(Double(published) / (elapsed / .seconds(1))).grouped)/s)" : ""
        print(
            waited
                ? "\(published.counted("event")) published in \(elapsed.brief)\(rate), and \(whatArrived) in the store"
                : "\(published.counted("event")) published to the bulk lane in \(elapsed.brief)\(rate)")
        if setAside > 0 { print("\(setAside.counted("event")) set aside: loods set-aside list tells why") }
        sayRejections()
    }

    /// What was added, and what stood.
    func saySuppressions() {
        print("\(published.counted("address", "addresses")) suppressed in \(elapsed.brief), \(known.grouped) already")
        sayRejections()
    }

    private func sayRejections() {
        guard rejected > 0 else { return }
        print("\(rejected.counted("row")) could not be read:")
        for rejection in first { print("  line \(rejection.line.grouped)  \(rejection.reason)") }
        if rejected > first.count {
            print("  and \((rejected - first.count).grouped) more; --rejects FILE writes them all")
        }
    }

    private var whatArrived: String { setAside == 0 ? "all" : (published - setAside).grouped }

    var json: JSON {
        .object([
            "published": .int(Int64(published)), "rejected": .int(Int64(rejected)),
            "set_aside": .int(Int64(setAside)), "known": .int(Int64(known)),
            "seconds": .double(((elapsed / .seconds(1)) * 1000).rounded() / 1000),
            "rejections": .array(first.map(\.json)),
        ])
    }
}

extension EventFile.Rejection {
    fileprivate var json: JSON {
        .object(["line": .int(Int64(line)), "reason": .string(reason), "text": .string(text)])
    }
}
