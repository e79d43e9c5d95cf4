import Foundation
import Model
import Testing

@testable import Ingestion

@Suite struct UserAgentTests {
    struct Case: CustomTestStringConvertible {
        var text: String
        var said: String
        var testDescription: String { said }
    }

    private static let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)"

    static let cases = [
        Case(
            text:
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) \(webkit) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.2210.91",
            said: "desktop, Windows 10, Edge 120.0.2210.91"),
        Case(
            text: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_1) \(webkit) Chrome/32.0.1700.77 Safari/537.36",
            said: "desktop, macOS 10.9.1, Chrome 32.0.1700.77"),
        Case(
            text: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:109.0) Gecko/20100101 Firefox/115.0",
            said: "desktop, macOS 10.15, Firefox 115.0"),
        Case(
            text: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
                + "Version/17.1 Mobile/15E148 Safari/604.1", said: "mobile, iOS 17.1, Safari 17.1"),
        Case(
            text: "Mozilla/5.0 (iPad; CPU OS 16_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
                + "CriOS/119.0.6045.169 Mobile/15E148 Safari/604.1", said: "tablet, iOS 16.5, Chrome 119.0.6045.169"),
        Case(
            text: "Mozilla/5.0 (Linux; Android 13; SM-S901B) \(webkit) SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile "
                + "Safari/537.36", said: "mobile, Android 13, Samsung Internet 23.0"),
        Case(
            text: "Mozilla/5.0 (Linux; Android 12; SM-X200) \(webkit) Chrome/118.0.0.0 Safari/537.36",
            said: "tablet, Android 12, Chrome 118.0.0.0"),
        Case(
            text: "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) \(webkit) Chrome/119.0.0.0 Safari/537.36",
            said: "desktop, ChromeOS, Chrome 119.0.0.0"),
        Case(
            text: "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0",
            said: "desktop, Linux, Firefox 120.0"),
        Case(
            text: "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
            said: "desktop, Windows 7, Internet Explorer 11.0"),
        Case(
            text: "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)",
            said: "desktop, Windows XP, Internet Explorer 6.0"),
        Case(
            text: "Opera/9.80 (Windows NT 6.1; U; en) Presto/2.10.229 Version/11.62",
            said: "desktop, Windows 7, Opera 11.62"),
        Case(
            text: "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) \(webkit) Version/6.0 TV Safari/537.36",
            said: "tv, Linux, Safari 6.0"),
        Case(text: "curl/8.5.0", said: "nothing"),
        Case(text: "", said: "nothing"),
        Case(text: String(repeating: "x", count: 5000) + "Firefox/1.0", said: "nothing"),
    ]

    @Test(arguments: cases) func aHeaderIsRead(_ each: Case) {
        let agent = UserAgent(each.text)
        let parts = [agent.device?.rawValue, agent.system?.told, agent.browser?.told].compactMap(\.self)
        #expect((parts.isEmpty ? "nothing" : parts.joined(separator: ", ")) == each.said)
    }
}

extension UserAgent.Named {
    fileprivate var told: String { name + (version.map { " " + $0 } ?? "") }
}

@Suite struct BotRulesTests {
    @Test func everyPatternOfOurOwnIsRead() {
        for pattern in BotRules.ownPatterns {
            #expect(throws: Never.self, "\(pattern)") { try BotPattern(pattern) }
        }
    }

    @Test(
        arguments: [
            "Googlebot/2.1 (+http://www.google.com/bot.html)", "Mozilla/5.0 (compatible; bingbot/2.0)", "curl/8.5.0",
            "Twitterbot/1.0", "Mozilla/5.0 (compatible; YandexImages/3.0)", "facebookexternalhit/1.1", "Wget/1.21",
            "python-requests/2.31.0", "UniversalFeedParser/4.2", "SomeBOT 1", "",
        ]) func robotsAreFound(agent: String)
    {
        #expect(BotRules.own.isBot(agent))
    }

    @Test(
        arguments: UserAgentTests.cases.dropLast(3).map(\.text) + [
            "Mozilla/5.0 (Linux; Android 9; CUBOT X19) Chrome/90.0"
        ])
    func peoplesBrowsersAreNone(agent: String) {
        #expect(!BotRules.own.isBot(agent))
    }

    @Test(
        arguments: [
            ("ab", "xaby", true), ("^ab", "xab", false), ("ab$", "xab", true), ("a.c", "abc", true),
            ("[wW]get", "wget", true), ("[^0-9]x", "1x", false), ("(^| )sentry\\/", "a sentry/1", true),
            ("(^| )sentry\\/", "asentry/1", false), ("a\\d\\.\\d+b", "a1.234b", true), ("a[\\s\\S]*z", "a--z", true),
            ("x(a|b)?y", "xy", nil), ("(a|b)(c|d)", "bd", true), ("colou?r", "color", true), ("[a-c-]+z", "b-z", true),
            ("[]]", "]", true),
        ] as [(String, String, Bool?)]) func patternsFit(pattern: String, text: String, fits: Bool?)
    {
        #expect((try? BotPattern(pattern))?.fits(Array(text.utf8)) == fits)
    }

    @Test(arguments: ["a**", "(a", "a)", "[a", "\\b", "(?=a)", "a*b*", "{", "a\\", "[z-a]"])
    func otherPatternsAreRefused(pattern: String) {
        #expect(throws: BotPattern.Fault.self) { try BotPattern(pattern) }
    }

    @Test func aListIsReadInBothForms() throws {
        let json = #"[{"pattern": "Foo\\/", "url": "x"}, {"pattern": "[bB]ar"}]"#
        for text in [json, "# remark\nFoo\\/\n[bB]ar\n"] {
            let rules = try BotRules(list: Array(text.utf8))
            #expect(rules.isBot("Foo/1") && rules.isBot("a bar") && !rules.isBot("Foo 1"))
        }
        #expect(BotRules.list(Array("(".utf8)) == nil)
        #expect(BotRules.list([]) == nil)
    }

    /// The public list as it is, and its examples: each pattern is read, and each example found.
    @Test(.enabled(if: CrawlerList.path != nil, "LOODS_TEST_DATA has no lists"))
    func thePublicListFindsItsOwnExamples() throws {
        let text = try Array(Data(contentsOf: URL(fileURLWithPath: #require(CrawlerList.path))))
        let rules = try BotRules(list: text)
        let examples = try #require(JSON(parsing: text).array).flatMap { $0["instances"]?.array ?? [] }
            .compactMap(\.string)
        #expect(examples.count > 2000)
        #expect(examples.filter { !rules.isBot($0) } == [])
        let missed = examples.filter { !BotRules.own.isBot($0) }
        #expect(missed.count * 8 < examples.count, "our own rules miss \(missed.count): \(missed.prefix(5))")
    }
}

enum CrawlerList {
    static var path: String? {
        guard let folder = ProcessInfo.processInfo.environment["LOODS_TEST_DATA"] else { return nil }
        let path = folder + "/lists/crawler-user-agents.json"
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }
}
