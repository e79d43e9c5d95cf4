import Foundation
import Synchronization
import Testing

/// A server program and its folder, in the care of a shell.
///
/// The shell starts it when told, and when its input ends, because the test has ended or the whole process of the tests
/// has died, it ends the server and removes the folder.
final class GuardedServer: Sendable {
    let name: String
    let folder: URL
    private let input: FileHandle
    private let ending = Ending()
    private let state = Mutex((starts: 0, id: pid_t(0)))

    /// - Parameters:
    ///   - environment: all that the server sees, besides the search path.
    ///   - before: bash, run once at the beginning.
    ///   - after: bash, run at the end, the server gone.
    init(
        _ name: String, folder: URL, command: [String], environment: [String: String] = [:], before: String = "",
        after: String = ""
    ) throws {
        self.name = name
        self.folder = folder
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = ["-c", Self.script(before, after), name, folder.path] + command
        process.environment = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"]
            .merging(environment) { $1 }
        let pipe = Pipe()
        process.standardInput = pipe
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let ending = ending
        process.terminationHandler = { ending.set(.status($0.terminationStatus)) }
        try process.run()
        try? pipe.fileHandleForReading.close()
        input = pipe.fileHandleForWriting
    }

    /// Signals are unblocked: Swift's threads block most of them, and what they start inherits that, SIGTERM included.
    private static func script(_ before: String, _ after: String) -> String {
        """
        folder=$1; shift; cd "$folder"; exec >>guard.log 2>&1; server=
        \(before)
        while read -r number; do
          env --default-signal "$@" </dev/null >>output 2>&1 & server=$!
          echo $server >pid.new; mv pid.new "pid.$number"
        done
        lives() { [[ -n $server ]] && jobs -pr | grep -qx "$server"; }
        if lives; then
          children=$(pgrep -P "$server")
          kill -CONT $server $children; kill -QUIT $server
          for _ in {1..50}; do lives || break; sleep 0.02; done
          ! lives || kill -KILL $server $children
        fi
        \(after)
        wait; cd /; rm -rf "${folder:?}"
        """
    }

    /// Starts the server program and answers once it has an id, long before it serves.
    func start() async throws {
        guard !isRunning else { throw TestSupportError("\(name) runs already") }
        let number = state.withLock { state in
            state.starts += 1
            return state.starts
        }
        try input.write(contentsOf: Data("\(number)\n".utf8))
        let id = try await eventually("\(name) is a process") {
            (try? String(contentsOf: folder.appending(path: "pid.\(number)"), encoding: .utf8))
                .flatMap { pid_t($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        }
        state.withLock { $0.id = id }
    }

    /// The server's process; 0 before the first start.
    var id: pid_t { state.withLock { $0.id } }

    var isRunning: Bool { id > 0 && kill(id, 0) == 0 }

    /// The processes that the server has started itself.
    var children: [pid_t] {
        let parent = id
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap { pid_t($0) } ?? []
        return all.filter { child in
            // "4711 (name) S PARENT …": the name may hold anything.
            guard let line = try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8),
                let words = line.split(separator: ")").last?.split(separator: " "), words.count > 1
            else { return false }
            return pid_t(words[1]) == parent
        }
    }

    func send(_ signal: Int32) { if isRunning { kill(id, signal) } }

    /// Asks the server to end, and after some seconds kills it, as an init system does.
    func ask(toEnd signal: Int32, within patience: Duration = .seconds(15)) async throws {
        send(signal)
        if try await !comesTrue(within: patience, { !isRunning }) { send(SIGKILL) }
        try await waitUntilGone()
    }

    /// Waits until the processes are gone.
    func waitUntilGone(_ others: [pid_t] = []) async throws {
        try await eventually("\(name) has ended") { !isRunning && others.allSatisfy { kill($0, 0) != 0 } }
    }

    /// Waits until the server serves; else its last words are in the error.
    func waitUntil(_ what: String, _ condition: () async -> Bool) async throws {
        do {
            try await eventually("\(name) \(what)") {
                if await condition() { return true }
                if !isRunning { throw TestSupportError("\(name) ended before it \(what)") }
                return false
            }
        } catch {
            throw TestSupportError("\(error): \(output)")
        }
    }

    /// The end of what the server has written.
    var output: String {
        let text = (try? Data(contentsOf: folder.appending(path: "output"))).map { String(decoding: $0, as: UTF8.self) }
        return String((text ?? "").suffix(3_000))
    }

    /// Ends the server and removes its folder; returns when both are gone.
    func end() async {
        try? input.close()
        let ending = ending
        // A task of its own: it waits in a cancelled test too.
        _ = await Task { try await comesTrue(within: .longEnough) { ending.exit != nil } }.result
    }
}
