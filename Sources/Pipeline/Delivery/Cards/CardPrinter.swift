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
        try await HeadlessChromium(program: program, patience: patience, memory: memory)
            .run(arguments(page: page, card: card, folder), in: folder)
        let file = try? await CardFiles.work { try Data(contentsOf: card) }
        guard let file, file.starts(with: Data("%PDF-".utf8)) else { throw CardError("Chromium made no PDF") }
        return Array(file)
    }

    private func arguments(page: URL, card: URL, _ folder: URL) -> [String] {
        HeadlessChromium.arguments(in: folder)
            + ["--no-pdf-header-footer", "--print-to-pdf=\(card.path)", page.absoluteString]
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
