import Contracts
import Foundation
import Model
import Testing
import TestSupport
import Workspaces

@testable import Ingestion

/// `loods.js` shows a browser what lies ready for its visitor.
@Suite(.enabled(if: Chromium.path != nil, "Chromium is not installed"), .serialized, .timeLimit(.minutes(10)))
struct SiteMessageChromiumTests {
    /// Pages that know the visitor of `SiteMessageRouteTests`, and look at what is shown.
    private static func page(_ attributes: String = "", _ script: String) -> String {
        """
        <title>Shop</title>
        <body><script>
          localStorage.setItem("loods.id", "\(SiteMessageRouteTests.visitor)");
          const report = (word) => fetch(`/report?${encodeURIComponent(word)}`);
          const found = (name, then) => {
            const part = document.querySelector(name);
            part ? then(part) : setTimeout(() => found(name, then), 20);
          };
        </script>
        <script src="SCRIPT" data-key="public" \(attributes)></script>
        <script>\(script)</script>
        """
    }

    private func browse(
        _ edge: TestEdge, _ pages: [String: String], until isDone: @escaping @Sendable (ShopPages) -> Bool
    ) async throws -> [String] {
        let kept = Kept()
        try await edge.listening { port in
            let pages = pages.mapValues { $0.replacing("SCRIPT", with: "http://127.0.0.1:\(port)/loods.js") }
            try await ShopPages.serving(pages) { shop, site in
                let browser = try Chromium("http://127.0.0.1:\(site)/")
                do {
                    try await eventually("the page has done what it does") { isDone(shop) }
                } catch {
                    await kept.keep(shop.reports)
                    try await browser.close()
                    throw error
                }
                await kept.keep(shop.reports)
                try await browser.close()
            }
        }
        return await kept.reports.map { $0.removingPercentEncoding ?? $0 }
    }

    private actor Kept {
        var reports: [String] = []
        func keep(_ all: [String]) { reports = all }
    }

    private static func names(_ edge: TestEdge) -> [String] {
        var seen: Set<String> = []
        return edge.sink.events.filter { seen.insert($0.eventID).inserted }.map(\.name)
            .filter { $0.hasPrefix("Site Message") }
    }

    /// Shown once, as text whatever it says; the click is told while the browser goes where the link leads.
    @Test func itIsShownAsTextAndItsClickIsTold() async throws {
        let text = "Our <img src=x onerror=alert(1)> & \"plans\""
        let said = SiteMessage(text: text, link: .init(text: "<b>See</b>", url: "/plans"))
        let edge = SiteMessageRouteTests.edge(said: said)
        let pages = [
            "/": Self.page(
                "",
                """
                found(".loods-message a", async (link) => {
                  const box = link.parentElement;
                  await report(`${box.firstChild.data}|${box.querySelectorAll("img,b").length}|${link.textContent}`);
                  await report(`role=${box.getAttribute("role")}`);
                  link.click();
                });
                """),
            "/plans": Self.page(
                "", "setTimeout(() => report(`again=${!!document.querySelector('.loods-message')}`), 300)"),
        ]
        let reports = try await browse(edge, pages) { shop in
            shop.reports.count >= 3 && Self.names(edge).count >= 2
        }
        #expect(reports == ["\(text)|0|<b>See</b>", "role=status", "again=false"])
        #expect(Self.names(edge) == ["Site Message Shown", "Site Message Clicked"])
    }

    /// A link that leads nowhere a site's may is none, should the edge ever give one.
    @Test func aLinkThatIsNoneIsNotMade() async throws {
        let said = SiteMessage(text: "Hello", link: .init(text: "See", url: "javascript:alert(1)"))
        let edge = SiteMessageRouteTests.edge(said: said)
        let pages = [
            "/": Self.page(
                "",
                "found('.loods-message button', (close) => { const links = document.links.length; close.click(); "
                    + "report(`${links},${document.querySelectorAll('.loods-message').length}`); })")
        ]
        #expect(try await browse(edge, pages) { !$0.reports.isEmpty } == ["0,0"])
    }

    /// Nobody is asked for who wants no tracking, has not consented, is here for the first time, or whose site wants none.
    @Test(arguments: [
        ("data-consent=\"required\"", ""), ("data-messages=\"off\"", ""),
        ("", "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})"),
        ("", "localStorage.clear()"),
    ])
    func nothingIsAskedForOthers(attributes: String, before: String) async throws {
        let edge = SiteMessageRouteTests.edge()
        let counting = """
            <script>
              \(before);
              let asked = 0;
              const send = window.fetch;
              window.fetch = (target, ...rest) => {
                if (String(target).includes("site-message")) asked++;
                return send(target, ...rest);
              };
            </script>
            """
        let page = Self.page(
            attributes, "setTimeout(() => report(`${asked},${!!document.querySelector('.loods-message')}`), 500)")
        let pages = ["/": page.replacing("<script src=", with: counting + "<script src=")]
        #expect(try await browse(edge, pages) { !$0.reports.isEmpty } == ["0,false"])
        #expect(Self.names(edge).isEmpty)
    }

    /// With consent a browser that has been here before is asked for at once.
    @Test func consentAsks() async throws {
        let edge = SiteMessageRouteTests.edge()
        let page = Self.page(
            "data-consent=\"required\"",
            "loods.consent(true); found('.loods-message', (box) => report(box.firstChild.data))")
        #expect(
            try await browse(edge, ["/": page]) { !$0.reports.isEmpty && !Self.names(edge).isEmpty } == ["Our plans"])
    }
}
