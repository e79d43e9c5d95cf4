import Model
import Testing

struct SpanTests {
    @Test(arguments: [
        ("2d", Span.days(2)), ("36h", .hours(36)), ("1d12h", .hours(36)), ("90s", .seconds(90)), ("0s", .zero),
        ("250ms", Span(microseconds: 250_000)), ("1w2d3h4m5s6ms", Span(microseconds: 788_645_006_000)),
        ("5m", .minutes(5)), ("36500d", .days(36_500)), ("007d", .days(7)),
    ])
    func isRead(text: String, span: Span) {
        #expect(Span(text) == span)
    }

    @Test(arguments: [
        "", "d", "2", "2 d", " 2d", "2d ", "-2d", "+2d", "2.5d", "2D", "1h1d", "1d1d", "2y", "99999999999999999999d",
        "9223372036854775807w", "36526d", "36525d36525d", "５d", "2d,3h", "1d١h", "36525d1h", "36525d23h",
    ])
    func isRefused(text: String) {
        #expect(Span(text) == nil)
    }

    @Test func whatIsWrittenIsReadAgain() {
        for milliseconds in [0, 1, 999, 1_000, 61_001, 3_600_000, 86_399_999, 604_800_000, 3_155_760_000_000] as [Int64]
        {
            let span = Span(microseconds: milliseconds * 1000)
            #expect(Span(span.description) == span, "\(span)")
        }
        #expect(Span.days(14).description == "14d")
        #expect(Span(microseconds: -Span.hours(25).microseconds).description == "-1d1h")
    }

    @Test func aLengthBelowAMillisecondIsWritten() {
        #expect(Span(microseconds: 1).description == "1us")
        #expect(Span(microseconds: 1_500).description == "1ms500us")
        #expect(Span(microseconds: .min).description.hasPrefix("-"))
    }
}
