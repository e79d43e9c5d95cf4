@testable import MailReception
import Testing

/// Where a mail ends, however its bytes are cut up.
@Suite struct MailCollectorTests {
    private func collect(_ text: String, in size: Int) -> (MailCollector.Progress, [UInt8]) {
        var collector = MailCollector(limit: 100, keptLimit: 40)
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            let progress = collector.take(bytes[start..<min(start + size, bytes.count)])
            if progress != .more { return (progress, collector.kept) }
        }
        return (.more, collector.kept)
    }

    @Test(arguments: 1...7)
    func onlyADotOnALineOfItsOwnEndsIt(size: Int) {
        let cases: [(String, String?)] = [
            (".\r\n", ""), ("a\r\n.\r\n", "a\r\n"), ("a\r\n..\r\n.\r\n", "a\r\n.\r\n"),
            ("a.\r\n.b\r\n.\r\n", "a.\r\nb\r\n"), ("a\r.\r\n.\r\n", "a\r.\r\n"), ("\r\n.\rx\r\n.\r\n", "\r\n\rx\r\n"),
            ("a\r\n.", nil), ("a\r\n.\r", nil), ("a", nil),
        ]
        for (text, content) in cases {
            let (progress, kept) = collect(text, in: size)
            if let content {
                #expect(String(decoding: kept, as: UTF8.self) == content)
                if case .ended = progress {} else { Issue.record("\(text.debugDescription) has no end") }
            } else {
                #expect(progress == .more)
            }
        }
    }

    /// What other servers may take for an end is one by which mails are smuggled.
    @Test(arguments: ["a\n.\r\n", "a\r\n.\n", "a\r\n.\r\r\n\n", "\n"])
    func aBareLineFeedIsAFault(text: String) {
        for size in 1...7 { #expect(collect(text, in: size).0 == .bareLineFeed) }
    }

    @Test func ofALongOneTheBeginningIsKeptAndOfOneThatIsTooLongNothingMore() {
        let line = String(repeating: "x", count: 60)
        #expect(collect("\(line)\r\n.\r\n", in: 7).1.count == 40)
        #expect(collect("\(line)\(line)", in: 7).0 == .tooLong)
        var collector = MailCollector(limit: 100, keptLimit: 40)
        #expect(collector.take(Array("a\r\n.\r\nQUIT\r\n".utf8)) == .ended(used: 6))
    }
}
