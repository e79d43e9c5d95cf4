import Content
import Mail
import Model

@testable import SMTP

/// Mails made of whatever anybody writes: templates, merge values, names, addresses, links.
///
/// What comes out has the fields that it should have and no more, goes over seven bits in lines that fit, and cannot end
/// itself before its final dot.
enum MailFuzzing {
    static func run(_ input: Input) {
        var input = input
        switch input.choice() % 4 {
        case 0: body(Array(input.bytes))
        case 1: template(input.parts)
        default: mail(input.parts)
        }
    }

    private static func body(_ bytes: [UInt8]) {
        let body = MessageBody(bytes).bytes
        for (index, byte) in body.enumerated() {
            if byte == 0x0A { hold(index > 0 && body[index - 1] == 0x0D, "a bare LF") }
            if byte == 0x0D { hold(index + 1 < body.count && body[index + 1] == 0x0A, "a bare CR") }
            let beginsLine = index == 0 || body[index - 1] == 0x0A
            if beginsLine, byte == 0x2E { hold(index + 1 < body.count && body[index + 1] == 0x2E, "a dot of its own") }
        }
        hold(body.isEmpty || body.suffix(2) == [0x0D, 0x0A], "a last line without end")
    }

    private static func template(_ parts: [String]) {
        let value = parts.count > 1 ? parts[1] : "\"'<script>\r\n{{x}}"
        let values: [String: JSON] = [
            "x": .string(value),
            "contact": .object(["email": .string(value), "list": .array([.string(value), .null])]),
        ]
        for kind in [Template.Kind.text, .html, .line] {
            guard let template = try? Template(parts[0], as: kind), let output = try? template.render(values) else {
                continue
            }
            hold(output.utf8.count <= Template.outputLimit, "output without end")
            if kind == .html { rewrite(output) }
        }
        if let template = try? Template("<a href=\"{{x}}\" title='{{x}}'>{{x}}</a>", as: .html),
            let output = try? template.render(["x": .string(value)])
        {
            hold(output.utf8.count(where: { $0 == 0x3C }) == 2, "a value that opens a tag")
            hold(output.utf8.count(where: { $0 == 0x22 }) == 2, "a value that ends its attribute")
        }
    }

    private static func rewrite(_ html: String) {
        let rewriter = LinkRewriter { _ in "https://t.example/c/1" }
        _ = rewriter.html(html)
        _ = rewriter.text(html)
        _ = LinkRewriter.appendingPixel("https://t.example/o/1", to: html)
    }

    private static func mail(_ parts: [String]) {
        func part(_ index: Int) -> String { parts.indices.contains(index) ? parts[index] : "x" }
        let domain = try! MailDomain("shop.example")
        guard
            let from = try? MailAddress("hello@shop.example", displayName: HeaderValue(cutting: part(0))),
            let to = (try? MailAddress(parsing: part(1))) ?? (try? MailAddress("anne@shop.example")),
            let subject = try? HeaderValue(cutting: part(2)),
            let list = try? ListID(topic: part(3), at: domain)
        else { return }
        let unsubscribe = (try? HeaderURL(part(4))) ?? (try! HeaderURL("https://shop.example/u/x"))
        guard
            let mail = try? MailMessage(
                from: from, to: to, subject: subject, date: Timestamp(seconds: 1_772_442_000),
                messageID: MessageID(.derived("fuzz"), at: domain), text: part(5), html: part(6),
                listUnsubscribe: unsubscribe, listID: list, autoSubmitted: .generated)
        else { return }
        let bytes = mail.encoded()
        hold(bytes.allSatisfy { $0 < 0x80 && $0 != 0 }, "eight bits")
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast().map { $0.dropLast() }
        hold(lines.allSatisfy { $0.count <= 998 && !$0.contains(0x0D) }, "a line")
        let head = lines.prefix { !$0.isEmpty }
        let fields = head.filter { $0.first != 0x20 }.map { line in
            String(decoding: line.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self)
        }
        hold(
            fields == [
                "Date", "From", "To", "Message-ID", "Subject", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id",
                "Auto-Submitted", "MIME-Version", "Content-Type",
            ], "fields: \(fields)")
        body(bytes)
        hold((try? SMTPEnvelope(from: from.address, to: to.address)) != nil, "an address that no command takes")
    }
}
