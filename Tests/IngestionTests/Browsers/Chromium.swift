import Foundation
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

/// Debian's Chromium without a screen, one process with a profile of its own.
final class Chromium: Sendable {
    static let path = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    private let process: Process
    private let profile: URL

    /// Opens a page.
    init(_ address: String) throws {
        profile = FileManager.default.temporaryDirectory.appendingPathComponent("chromium-\(UUID().uuidString)")
        process = Process()
        process.executableURL = URL(fileURLWithPath: Self.path ?? "")
        process.arguments = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--no-proxy-server",
            "--user-data-dir=\(profile.path)", address,
        ]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    /// Asks the browser to go; its profile goes with it.
    func close() async throws {
        process.terminate()
        try await eventually("the browser ends") { !process.isRunning }
        try? FileManager.default.removeItem(at: profile)
    }
}

/// The pages of a shop, which the test serves; they report to `/report?…`.
final class ShopPages: Sendable {
    private let pages: [String: String]
    private let heard = Mutex<[String]>([])

    /// What pages reported, in order: the query of the request.
    var reports: [String] { heard.withLock { $0 } }

    private init(_ pages: [String: String]) { self.pages = pages }

    /// Serves pages by path, on a port that the system chooses.
    static func serving(
        _ pages: [String: String], _ body: @escaping @Sendable (_ shop: ShopPages, _ port: Int) async throws -> Void
    ) async throws {
        let shop = ShopPages(pages)
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let router = Router()
        router.get("/report") { request, _ -> HTTPResponse.Status in
            shop.heard.withLock { $0.append(request.uri.query ?? "") }
            return .noContent
        }
        for (path, html) in pages {
            router.get(RouterPath(path)) { _, _ in
                Response(
                    status: .ok, headers: [.contentType: "text/html; charset=utf-8"],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: "<!doctype html>\(html)")))
            }
        }
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { port.yield($0.localAddress?.port ?? 0) }, logger: silent)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await application.run() }
            for await port in ports {
                try await body(shop, port)
                break
            }
            tasks.cancelAll()
        }
    }
}
