import Contracts
import Foundation
import Links
import Model
import Testing
import TestSupport
import Workspaces

@testable import Ingestion

/// `loods.js` as a browser runs it: pages of one server, ingest on the port of another.
@Suite(.enabled(if: Chromium.path != nil, "Chromium is not installed"), .serialized, .timeLimit(.minutes(10)))
struct ChromiumTests {
    /// Opens `/` of pages in which SCRIPT stands for the script's address; waits until `isDone`.
    private func browse(
        _ edge: TestEdge = TestEdge(), _ pages: [String: String], at path: String = "/",
        until isDone: @escaping @Sendable (ShopPages) throws -> Bool
    ) async throws -> ShopPages {
        let kept = Kept()
        try await edge.listening { port in
            let pages = pages.mapValues { $0.replacing("SCRIPT", with: "http://127.0.0.1:\(port)/loods.js") }
                .mapValues { $0.replacing("INGEST", with: "http://127.0.0.1:\(port)") }
            try await ShopPages.serving(pages) { shop, site in
                await kept.keep(shop)
                let browser = try Chromium("http://127.0.0.1:\(site)\(path)")
                do {
                    try await eventually("the page has done what it does") { try isDone(shop) }
                } catch {
                    try await browser.close()
                    throw error
                }
                try await browser.close()
            }
        }
        return try #require(await kept.shop)
    }

    private actor Kept {
        var shop: ShopPages?
        func keep(_ shop: ShopPages) { self.shop = shop }
    }

    @Test func aVisitIsTracked() async throws {
        let edge = TestEdge()
        let pages = [
            "/": """
            <title>Start</title>
            <script>window.loods = [["track", "Early", {a: 1}]]</script>
            <script src="SCRIPT" data-key="public"></script>
            <form data-loods-form="signup" action="/thanks">
              <input name="email" value="a@b.example"><input name="pw" type="password" value="secret">
              <input name="no" type="checkbox"><input name="card" autocomplete="cc-number" value="4111"><button>Go</button>
            </form>
            <a id="rating" data-loods-rating="docs" data-value="4">4</a>
            <script>
              loods.identify("anne", {plan: "pro"});
              document.getElementById("rating").click();
              const page = loods.page;
              loods.page = () => { page(); document.querySelector("button").click(); };
              history.pushState({}, "", "/second?utm_source=news&utm_campaign=spring");
            </script>
            """,
            "/thanks": #"<title>Thanks</title><script src="SCRIPT" data-key="public"></script>"#,
        ]
        // The form leads away before the first second is over: all of it comes by beacon. Where the browser was slower,
        // what was on its way when the page went comes again, under the same ids.
        _ = try await browse(edge, pages) { _ in edge.sink.events.contains { $0.path == "/thanks" } }
        var seen: Set<String> = []
        let events = edge.sink.events.filter { seen.insert($0.eventID).inserted }
        let names = events.map { $0.name == "Page Viewed" ? "\($0.name) \($0.path ?? "")" : $0.name }.sorted()
        #expect(
            names == [
                "Early", "Form Submitted", "Identified", "Page Viewed /", "Page Viewed /second", "Page Viewed /thanks",
                "Rating Given",
            ])
        var visitors: Set<Identity> = []
        for event in events { visitors.formUnion(event.identities.filter { $0.kind == .anonymous }) }
        #expect(visitors.count == 1)
        let form = try #require(events.first { $0.name == "Form Submitted" })
        #expect(
            try JSON(parsing: form.properties) == .object(["form": .string("signup"), "email": .string("a@b.example")]))
        let rating = try #require(events.first { $0.name == "Rating Given" })
        #expect(try JSON(parsing: rating.properties) == .object(["rating": .string("docs"), "value": .int(4)]))
        #expect(try #require(events.first { $0.path == "/thanks" }).subject == .identity(Identity(.user, "anne")))
        let second = try JSON(parsing: #require(events.first { $0.path == "/second" }).context)
        #expect(second["campaign"] == .object(["source": .string("news"), "name": .string("spring")]))
        #expect(second["browser"]?["name"] == .string("Chrome") && second["os"]?["name"] == .string("Linux"))
        // Headless Chromium says what it is.
        #expect(second["bot"] == .bool(true))
        #expect(second["ip"] == nil)
    }

    @Test func nothingIsKeptOrSentBeforeConsent() async throws {
        let edge = TestEdge()
        let pages = [
            "/": """
            \(Self.counting)
            <script src="SCRIPT" data-key="public" data-consent="required"></script>
            <script>
              loods.track("Before");
              loods.identify("anne");
              loods.flush();
              const report = (word) => send(`/report?${word}=${localStorage.length},${document.cookie.length},${sent}`);
              report("before").then(() => {
                answered = () => report("after").then(() => {
                  loods.consent(false);
                  loods.track("Later");
                  loods.flush();
                  report("later");
                });
                loods.consent(true);
              });
            </script>
            """
        ]
        let shop = try await browse(edge, pages) { shop in
            // Nobody is asked while the first report is not in.
            if shop.reports.isEmpty, !edge.sink.events.isEmpty { throw Early() }
            return shop.reports.count == 3
        }
        #expect(shop.reports == ["before=0,0,0", "after=3,0,1", "later=0,0,1"])
        #expect(edge.sink.events.map(\.name).sorted() == ["Before", "Identified", "Page Viewed"])
    }

    private struct Early: Error {}

    /// Counts what is sent to ingest, and calls `answered` when it was answered.
    private static let counting = """
        <script>
          let sent = 0, answered = () => {};
          const send = window.fetch;
          window.fetch = (target, ...rest) => {
            sent++;
            return send(target, ...rest).finally(() => answered());
          };
        </script>
        """

    @Test(arguments: ["globalPrivacyControl", "doNotTrack"])
    func whoWantsNoTrackingIsNotTracked(signal: String) async throws {
        let edge = TestEdge()
        let value = signal == "doNotTrack" ? "'1'" : "true"
        let pages = [
            "/": """
            <script>Object.defineProperty(Navigator.prototype, "\(signal)", {get: () => \(value)})</script>
            \(Self.counting)
            <script src="SCRIPT" data-key="public"></script>
            <script>
              loods.track("Never");
              loods.consent(true);
              loods.flush();
              send(`/report?kept=${localStorage.length},${loods.anonymousId()},${sent}`);
            </script>
            """
        ]
        let shop = try await browse(edge, pages) { !$0.reports.isEmpty }
        #expect(shop.reports == ["kept=0,null,0"])
        #expect(edge.sink.events.isEmpty)
    }

    /// A form without any script of its own is sent to ingest, and told who fills it in.
    @Test func aFormGoesToIngest() async throws {
        var edge = TestEdge()
        let files = [
            "workspace.yaml":
                "workspace: shop\ntime_zone: UTC\nsender: {name: Shop, address: hello@shop.example}\naddress: Street 1\n",
            "forms.yaml": "forms: [{form: contact, fields: [{field: email, type: email, required: true}]}]\n",
        ]
        let workspace = try #require(Workspace.load(files: files).workspace)
        edge.settings.definitions = LiveDefinitions { _ in workspace }
        let posting = edge
        let pages = [
            "/": """
            <script src="SCRIPT" data-key="public"></script>
            <form action="INGEST/f/public/contact" method="post"><input name="email" value="a@b.example"><button>Go</button></form>
            <script>
              document.addEventListener("DOMContentLoaded", () => document.querySelector("button").click());
            </script>
            """
        ]
        _ = try await browse(posting, pages) { _ in posting.sink.events.count >= 2 }
        let events = posting.sink.events
        let form = try #require(events.first { $0.name == "Form Submitted" })
        #expect(form.subject == events.first { $0.name == "Page Viewed" }?.subject)
        #expect(try JSON(parsing: form.properties)["email"] == .string("a@b.example"))
    }

    /// While ingest is away events wait in the page, and each comes once in the end.
    @Test func whatFailsIsSentAgain() async throws {
        let edge = TestEdge()
        edge.sink.answer(.fail)
        let pages = ["/": #"<script src="SCRIPT" data-key="public"></script>"#]
        _ = try await browse(edge, pages) { _ in
            if edge.sink.attempts > 0 { edge.sink.answer(.confirm) }
            return !edge.sink.events.isEmpty
        }
        #expect(Set(edge.sink.events.map(\.eventID)).count == 1)
    }
}

extension AcceptedEvent {
    fileprivate var path: String? { (try? JSON(parsing: properties))?["path"]?.string }

    fileprivate var identities: [Identity] {
        if case .identity(let identity) = subject { aliases + [identity] } else { aliases }
    }
}
