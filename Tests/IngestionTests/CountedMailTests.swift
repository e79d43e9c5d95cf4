import HTTPTypes
import Hummingbird
import HummingbirdTesting
@testable import Ingestion
import Links
import Model
import NIOCore
import Store
import Synchronization
import Testing

/// Opens and clicks of readers who have not consented to being known by them.
@Suite struct CountedMailTests {
    private static let workspace = WorkspaceID(rawValue: 7)
    private static let mail = CountedMail(journey: "welcome", step: "1", template: "hello")
    private static let browser = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"

    /// What was written.
    private final class Book: Sendable {
        struct Away: Error {}

        private let state = Mutex<(sums: [String: Int64], isAway: Bool)>(([:], false))

        var sums: [String: Int64] { state.withLock { $0.sums } }

        func set(isAway: Bool) { state.withLock { $0.isAway = isAway } }

        func write(_ counts: [MailCounts.Key: Int64]) throws {
            try state.withLock { state in
                guard !state.isAway else { throw Away() }
                for (key, count) in counts {
                    state.sums["\(key.journey)/\(key.step) \(key.kind) \(key.visitor)", default: 0] += count
                }
            }
        }
    }

    private static func desk(_ book: Book) -> CountDesk {
        CountDesk(logger: silent) { try book.write($0) }
    }

    @Test func theyAreCountedAndNobodyIsTold() async throws {
        let book = Book()
        let desk = Self.desk(book)
        var edge = TestEdge()
        edge.settings.counts = desk
        let nobody = LinkOrigin.nobody(in: Self.workspace)
        let open = try edge.signer.sign(.countedOpen(nobody, Self.mail))
        let click = try edge.signer.sign(.countedClick(nobody, Self.mail, destination: "https://shop.example/a"))
        // What it led to is gone from the definitions: it leads where the mail knew.
        let gone = LiveContent(email: "gone", block: "gone", language: nil, fallback: "https://shop.example/b")
        let live = try edge.signer.sign(.countedLive(nobody, Self.mail, gone))
        try await edge.run { client in
            func get(_ path: String, _ method: HTTPRequest.Method = .get, as agent: String = Self.browser) async throws
                -> (status: Int, location: String?)
            {
                try await client.execute(uri: path, method: method, headers: [.userAgent: agent]) {
                    (Int($0.status.code), $0.headers[.location])
                }
            }
            for _ in 0..<3 { #expect(try await get("/p/\(open)").status == 200) }
            let answer = try await get("/a/\(click)")
            #expect(answer.status == 302 && answer.location == "https://shop.example/a")
            let chosen = try await get("/l/\(live)")
            #expect(chosen.status == 302 && chosen.location == "https://shop.example/b")
            #expect(try await get("/p/\(open)", as: "GoogleImageProxy").status == 200)
            // These count nothing.
            #expect(try await get("/a/\(click)", .head).status == 302)
            #expect(try await get("/l/\(live)", .head).status == 302)
            #expect(try await get("/p/forged").status == 200)
            #expect(try await get("/a/\(open)").status == 404)
        }
        await desk.flush()
        #expect(book.sums == ["welcome/1 open human": 3, "welcome/1 open prefetch": 1, "welcome/1 click human": 2])
        #expect(edge.sink.events.isEmpty)
    }

    @Test func whileTheStoreIsAwayTheyAreCountedOn() async {
        let book = Book()
        let desk = Self.desk(book)
        book.set(isAway: true)
        desk.take(.open, of: Self.mail, in: Self.workspace, by: .human)
        await desk.flush()
        desk.take(.open, of: Self.mail, in: Self.workspace, by: .human)
        book.set(isAway: false)
        await desk.flush()
        await desk.flush()
        #expect(book.sums == ["welcome/1 open human": 2])
    }
}
