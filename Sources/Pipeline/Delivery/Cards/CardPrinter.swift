import Foundation

/// Makes PDF of HTML by a headless Chromium of its own for each card: without network, scripts and secrets, bounded in time
/// and memory.
struct CardPrinter: Sendable {
    /// Where Chromium is.
    let program: String
    /// A card that takes longer is none.
    var patience = Duration.seconds(20)
    /// What each of Chromium's processes may write to, in kilobytes.
    var memory = 1_000_000

    /// - Throws: `CardError`; `CancellationError` where the task is cancelled.
    func print(_ html: String) async throws -> [UInt8] {
        await CardFiles.clean()
        try Task.checkCancellation()
        let folder = CardFiles.freshFolder()
        let result: Result<[UInt8], any Error>
        do { result = .success(try await print(html, in: folder)) } catch { result = .failure(error) }
        try? await CardFiles.work { try FileManager.default.removeItem(at: folder) }
        return try result.get()
    }

    private func print(_ html: String, in folder: URL) async throws -> [UInt8] {
        let (page, card) = (folder.appendingPathComponent("card.html"), folder.appendingPathComponent("card.pdf"))
        do {
            try await CardFiles.work {
                try FileManager.default.createDirectory(
                    at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
                try Data(html.utf8).write(to: page)
            }
        } catch {
            throw CardError("\(folder.path) cannot be written: \(error.localizedDescription)", isMachines: true)
        }
        try await run(arguments(page: page, card: card, folder), in: folder)
        let file = try? await CardFiles.work { try Data(contentsOf: card) }
        guard let file, file.starts(with: Data("%PDF-".utf8)) else { throw CardError("Chromium made no PDF") }
        return Array(file)
    }

    /// Names of hosts are not found, and the proxy of all addresses is not there; the page's own policy turns off scripts and
    /// all that is fetched. Chromium's sandbox needs rights that containers have not, and guards against strangers' pages:
    /// this one is the sender's.
    private func arguments(page: URL, card: URL, _ folder: URL) -> [String] {
        [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-extensions", "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-default-apps", "--disable-breakpad", "--no-pdf-header-footer", "--hide-scrollbars",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--proxy-server=127.0.0.1:1", "--proxy-bypass-list=<-loopback>", "--user-data-dir=\(folder.path)/profile",
            "--print-to-pdf=\(card.path)", page.absoluteString,
        ]
    }

    private func run(_ arguments: [String], in folder: URL) async throws {
        let process = Process()
        let seconds = patience.components.seconds
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        // Should this process be killed meanwhile, Chromium ends all the same.
        process.arguments =
            ["-c", "ulimit -d \(memory) && ulimit -t \(seconds * 3) && exec timeout -k 1 \(seconds + 10) \"$@\"", "sh"]
            + [program] + arguments
        // None of the mailer's settings, which hold secrets.
        process.environment = ["HOME": folder.path, "TMPDIR": folder.path, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"]
        process.currentDirectoryURL = folder
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
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

/// Why a card could not be made.
struct CardError: Error, CustomStringConvertible {
    let description: String
    /// Whether no other card could be made here either; where not, it may be the card's own fault.
    let isMachines: Bool

    init(_ description: String, isMachines: Bool = false) {
        (self.description, self.isMachines) = (description, isMachines)
    }
}
