@testable import MailReception
import Testing

/// What is answered to command lines.
@Suite struct ReceptionSessionTests {
    private func session(_ limits: ReceptionLimits = ReceptionLimits()) -> ReceptionSession {
        ReceptionSession(name: "mx.shop.example", limits: limits) { $0.hasPrefix("b+") }
    }

    private func says(_ session: inout ReceptionSession, _ line: String) -> String {
        switch session.answer(line) {
        case .reply(let text): text
        case .readMail(let text): "read: \(text)"
        case .replyAndClose(let text): "close: \(text)"
        case .replyAndSecure(let text): "secure: \(text)"
        }
    }

    @Test func mailForWhomThereIsIsTakenAndForNobodyElse() {
        var session = session()
        #expect(says(&session, "MAIL FROM:<>").hasPrefix("503 "))
        #expect(says(&session, "EHLO mx.example.net").contains("250 ENHANCEDSTATUSCODES"))
        #expect(says(&session, "RCPT TO:<b+x@shop.example>").hasPrefix("503 "))
        #expect(says(&session, "MAIL FROM:<> SIZE=1000").hasPrefix("250 "))
        #expect(says(&session, "DATA").hasPrefix("554 "))
        #expect(says(&session, "RCPT TO:<anne@elsewhere.example>") == "550 5.1.1 no such address here")
        #expect(says(&session, "rcpt to: <b+x@shop.example>").hasPrefix("250 "))
        #expect(says(&session, "DATA") == "read: 354 end with CRLF.CRLF")
        let (from, recipients) = session.takeEnvelope()
        #expect(from == "" && recipients == ["b+x@shop.example"])
        #expect(says(&session, "DATA").hasPrefix("503 "), "a mail needs an envelope of its own")
        #expect(says(&session, "QUIT") == "close: 221 2.0.0 bye")
    }

    @Test func whatWasSaidBeforeTLSDoesNotCount() {
        var session = ReceptionSession(name: "mx.shop.example", limits: ReceptionLimits(), offersTLS: true) { _ in true
        }
        #expect(says(&session, "EHLO a.example").contains("250-STARTTLS\r\n"))
        #expect(says(&session, "MAIL FROM:<>").hasPrefix("250 "))
        #expect(says(&session, "STARTTLS now").hasPrefix("501 "))
        #expect(says(&session, "starttls") == "secure: 220 2.0.0 go ahead")
        session.secured()
        #expect(says(&session, "RCPT TO:<b+x@shop.example>").hasPrefix("503 "))
        #expect(says(&session, "MAIL FROM:<>").hasPrefix("503 "), "who is it?")
        #expect(!says(&session, "EHLO a.example").contains("STARTTLS"))
        #expect(says(&session, "STARTTLS").hasPrefix("503 "))
        #expect(says(&session, "MAIL FROM:<>").hasPrefix("250 "))
    }

    @Test func nobodyIsTold() {
        var session = session()
        for line in ["VRFY anne", "EXPN all", "HELP", "", "STARTTLS", "AUTH PLAIN"] {
            #expect(says(&session, line).hasPrefix("50"), "\(line)")
        }
    }

    @Test func thereIsAnEndToEverything() {
        var limits = ReceptionLimits()
        (limits.recipients, limits.mails, limits.faults, limits.mailBytes) = (2, 1, 5, 1_000)
        var session = session(limits)
        _ = says(&session, "EHLO mx.example.net")
        #expect(says(&session, "MAIL FROM:<a@b.test> SIZE=1001").hasPrefix("552 "))
        #expect(says(&session, "MAIL FROM:<a@b.test> SIZE=-").hasPrefix("552 "))
        _ = says(&session, "MAIL FROM:<a@b.test>")
        for number in 1...2 { #expect(says(&session, "RCPT TO:<b+\(number)@b.test>").hasPrefix("250 ")) }
        #expect(says(&session, "RCPT TO:<b+3@b.test>").hasPrefix("452 "))
        _ = session.takeEnvelope()
        #expect(says(&session, "MAIL FROM:<a@b.test>") == "close: 421 4.7.0 enough for one connection")
        for _ in 1...2 { #expect(says(&session, "NONSENSE").hasPrefix("500 ")) }
        #expect(says(&session, "NONSENSE") == "close: 421 4.7.0 too many faults")
    }

    @Test(arguments: [
        "RCPT TO:b+x@b.test", "RCPT TO:<b+x@b.test", "RCPT TO:<b+x\u{7F}@b.test>", "RCPT TO:<b+x y@b.test>",
    ])
    func aPathThatIsNoneIsRefused(line: String) {
        var session = session()
        _ = says(&session, "EHLO mx.example.net")
        _ = says(&session, "MAIL FROM:<a@b.test>")
        #expect(says(&session, line).hasPrefix("501 "))
    }
}
