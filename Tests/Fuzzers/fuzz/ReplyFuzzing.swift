@testable import SMTP

/// What mail servers answer: the same replies however the bytes are cut.
enum ReplyFuzzing {
    static func run(_ input: Input) {
        var input = input
        let step = max(1, Int(input.choice()))
        let whole = replies(input.bytes, step: .max)
        hold(whole == replies(input.bytes, step: step), "replies depend on how their bytes arrive")
        for reply in whole {
            hold((200..<600).contains(reply.code), "a code that is none")
            hold(
                reply.text.utf8.count <= 500 && !reply.text.unicodeScalars.contains { $0.value < 0x20 },
                "text for people")
            hold(reply.lines.count <= ReplyParser.lineCountLimit, "a reply without end")
            hold(!reply.loggableText.contains("@"), "an address in the log")
            _ = SMTPCapabilities(reply)
        }
    }

    /// All replies up to the first fault.
    private static func replies(_ bytes: ArraySlice<UInt8>, step: Int) -> [SMTPReply] {
        var parser = ReplyParser()
        var replies: [SMTPReply] = []
        var rest = bytes
        while !rest.isEmpty {
            parser.append(rest.prefix(step))
            rest = rest.dropFirst(step)
            do throws(MalformedReply) {
                while let reply = try parser.next() { replies.append(reply) }
            } catch {
                return replies
            }
        }
        return replies
    }
}
