import Foundation

/// A Chromium without a window, for one page: without network and secrets, bounded in time and memory.
struct HeadlessChromium: Sendable {
    /// Where it is.
    let program: String
    var patience = Duration.seconds(20)
    /// What each of its processes may write to, in kilobytes.
    var memory = 1_000_000

    /// Names of hosts are not found, and the proxy of all addresses is not there. Chromium's sandbox needs rights that
    /// containers have not, and guards against strangers' pages: these are the sender's.
    static func arguments(in folder: URL) -> [String] {
        [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-extensions", "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-default-apps", "--disable-breakpad", "--hide-scrollbars",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--proxy-server=127.0.0.1:1", "--proxy-bypass-list=<-loopback>", "--user-data-dir=\(folder.path)/profile",
        ]
    }

    /// Runs it to its end, in a folder that is its home. What it writes to standard output goes to `output`, where that is
    /// given.
    ///
    /// - Throws: `CardError`; `CancellationError` where the task is cancelled.
    func run(_ arguments: [String], in folder: URL, output: FileHandle = .nullDevice) async throws {
        let process = Process()
        let seconds = patience.components.seconds
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        // Should this process be killed meanwhile, Chromium ends all the same.
        process.arguments =
            ["-c", "ulimit -d \(memory) && ulimit -t \(seconds * 3) && exec timeout -k 1 \(seconds + 10) \"$@\"", "sh"]
            + [program] + arguments
        // None of this process's settings, which hold secrets.
        process.environment = ["HOME": folder.path, "TMPDIR": folder.path, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"]
        process.currentDirectoryURL = folder
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        let (ends, end) = AsyncStream.makeStream(of: Int32.self)
        process.terminationHandler = { end.yield($0.terminationStatus) }
        do { try process.run() } catch {
            throw CardError("\(program) cannot be started: \(error.localizedDescription)", isMachines: true)
        }
        let pid = process.processIdentifier
        let status = await withTaskGroup(of: Int32?.self) { group in
            group.addTask { await ends.first { _ in true } }
            group.addTask {
                try? await Task.sleep(for: patience)
                return nil
            }
            let first = await group.next() ?? nil
            // It leads a group of its own, which goes with it.
            if first == nil { for target in [-pid, pid] { kill(target, SIGKILL) } }
            group.cancelAll()
            return first
        }
        try Task.checkCancellation()
        guard let status else { throw CardError("Chromium took longer than \(patience.components.seconds) s") }
        guard status == 0 else { throw CardError("Chromium ended with \(status)") }
    }
}
