import Bounces
import Testing

/// One mail of each kind, as short as it may be.
@Suite struct BounceReaderTests {
    private func read(_ text: String) -> [Bounce] { BounceReader.read(Array(text.utf8)) }

    @Test func aReportTellsOfEachRecipient() {
        let found = read(
            """
            From: MAILER-DAEMON@mx.example.net
            To: bounces@shop.example
            Subject: Undelivered Mail Returned to Sender
            MIME-Version: 1.0
            Content-Type: multipart/report; report-type=delivery-status; boundary="b"

            --b
            Content-Type: text/plain

            This is the mail system at host mx.example.net.
            --b
            Content-Type: message/delivery-status

            Reporting-MTA: dns; mx.example.net

            Final-Recipient: rfc822; gone@example.org
            Action: failed
            Status: 5.0.0
            Diagnostic-Code: smtp; 550 5.1.1 <gone@example.org>: User unknown

            Final-Recipient: rfc822; full@example.org
            Original-Recipient: rfc822; anne@example.org
            Action: failed
            Status: 5.2.2

            Final-Recipient: rfc822; late@example.org
            Action: delayed
            Status: 4.4.1

            Final-Recipient: rfc822; there@example.org
            Action: relayed
            Status: 2.1.9
            --b
            Content-Type: message/rfc822

            From: shop@shop.example
            To: gone@example.org
            Subject: Rope

            Hello
            --b--
            """)
        #expect(
            found.map(\.recipient) == ["gone@example.org", "anne@example.org", "late@example.org", "there@example.org"])
        #expect(found.map(\.class) == [.invalid, .mailbox, .transient, .delivered])
        #expect(found.map { $0.status.map { "\($0)" } } == ["5.1.1", "5.2.2", "4.4.1", "2.1.9"])
        #expect(found[0].replyCode == 550)
        #expect(found[0].reason == "smtp; 550 5.1.1 <gone@example.org>: User unknown")
    }

    @Test func aReportIsFoundWhereTheMailIsNotMadeAsItSays() {
        let found = read(
            """
            From: MAILER-DAEMON@mx.example.net
            Content-Type: multipart/report; report-type=delivery-status; boundary="one"

            --another
            Content-Type: message/delivery-status

            Final-Recipient: rfc822; gone@example.org
            Action: failed
            Status: 5.7.1
            Diagnostic-Code: smtp; 554 5.7.1 Blocked, see
                the blocklist of example.net

            --another--
            """)
        #expect(found.map(\.recipient) == ["gone@example.org"])
        #expect(found.map(\.class) == [.policy])
        #expect(found[0].reason == "smtp; 554 5.7.1 Blocked, see the blocklist of example.net")
    }

    @Test func textOfServersIsRead() {
        let found = read(
            """
            Return-Path: <>
            From: MAILER-DAEMON@mx.example.net
            To: bounces@shop.example
            Subject: failure notice

            Hi. This is the qmail-send program at mx.example.net.

            <gone@example.org>:
            192.0.2.25 does not like recipient.
            Remote host said: 550 No such user here

            <full@example.org>:
            Remote host said: 552 Quota exceeded

            --- Below this line is a copy of the message.

            From: shop@shop.example
            To: "Anne" <anne@example.com>
            """)
        #expect(found.map(\.recipient) == ["gone@example.org", "full@example.org"])
        #expect(found.map(\.class) == [.invalid, .mailbox])
        #expect(found.map { $0.status.map { "\($0)" } } == ["5.1.1", "5.2.0"])
    }

    @Test func whatIsTriedOnIsTransient() {
        let found = read(
            """
            From: Mail Delivery Subsystem <mailer-daemon@example.net>
            X-Failed-Recipients: anne@example.org
            Subject: Delivery Status Notification (Delay)

            Delivery to the following recipient has been delayed: anne@example.org
            Message will be retried for 2 more day(s); the server did not accept our requests to connect.
            """)
        #expect(found.map(\.class) == [.transient])
        #expect(found.first?.status?.class == 4)
    }

    /// RFC 5965 has "abuse" and its like; RFC 6430 "not-spam", with which somebody takes a complaint back; RFC 6591 what no
    /// recipient has said.
    @Test(arguments: [
        ("abuse", Bounce.Class.complaint), ("fraud", .complaint), ("other", .complaint), ("not-spam", .none),
        ("Not-Spam", .none), ("auth-failure", .none),
    ])
    func aComplaintIsNoBounce(_ type: String, _ expected: Bounce.Class) {
        let found = read(
            """
            From: feedback@isp.example
            To: abuse@shop.example
            Content-Type: multipart/report; report-type=feedback-report; boundary="b"

            --b
            Content-Type: message/feedback-report

            Feedback-Type: \(type)
            User-Agent: isp/1
            Version: 1
            --b
            Content-Type: text/rfc822-headers

            From: shop@shop.example
            To: anne@isp.example
            --b--
            """)
        #expect(found == [Bounce(recipient: "anne@isp.example", class: expected, reason: type.lowercased())])
    }

    @Test(arguments: [
        "Auto-Submitted: auto-replied\nSubject: Until May", "Subject: Automatic reply: Rope",
        "Auto-Submitted: auto-replied\nReturn-Path: <>\nSubject: Re: Your order will be delivered tomorrow",
        "Subject: Re: Out of Office", "X-Autoreply: yes\nSubject: Thank you", "Precedence: auto_reply\nSubject: Rope",
    ])
    func whoIsAwayIsThere(_ fields: String) {
        let found = read(
            "From: Anne <anne@example.org>\nTo: shop@shop.example\n\(fields)\n\nI am away; 550 things to do.\n")
        #expect(found.map(\.class) == [.autoReply])
        #expect(found.first?.recipient == "anne@example.org")
        #expect(found.first?.status == nil)
    }

    @Test func providersSayItInJSON() {
        let found = read(
            """
            From: no-reply@sns.amazonaws.com
            Subject: AWS Notification Message

            {"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":
            "anne@example.org","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"}]},"mail":{}}

            --
            If you wish to stop receiving notifications …
            """)
        #expect(found.map(\.recipient) == ["anne@example.org"])
        #expect(found.map(\.class) == [.invalid])
    }

    @Test(arguments: [
        "", "\n", "Subject: Hello\n\nHow are you, anne@example.org?\n",
        "Subject: Rope\nFrom: a@b.example\n\n\u{0}\u{0}",
        "From: a@b.example\nSubject: as agreed\nContent-Type: message/rfc822\n\nFrom: c@d.example\n\nHello\n",
    ])
    func ordinaryMailIsNone(_ mail: String) { #expect(read(mail) == [Bounce(class: .none)]) }

    @Test func nestingAndLengthCostLittle() {
        var nested = "From: MAILER-DAEMON@a.example\n"
        for level in 0..<9000 { nested += "Content-Type: multipart/mixed; boundary=\(level)\n\n--\(level)\n" }
        #expect(!read(nested).isEmpty)
        let many = (0..<20_000).map { "<u\($0)@example.org>: 550 no such user\n" }.joined()
        #expect(read("From: MAILER-DAEMON@a.example\nSubject: failure\n\n" + many).count == 100)
        #expect(!read("From: MAILER-DAEMON@a.example\n\n" + String(repeating: "@", count: 1_000_000)).isEmpty)
        #expect(!read("From: MAILER-DAEMON@a.example\n\n" + String(repeating: "\n>", count: 400_000)).isEmpty)
    }

    @Test func codesAreNoAmountsAndNoHosts() {
        let found = read(
            """
            From: MAILER-DAEMON@mx.example.net
            Subject: Undeliverable

            anne@example.org: host mx.example.org [192.0.5.1.2] after MAIL FROM:<x@shop.example> SIZE=550:
            452 4.2.2 Mailbox full
            """)
        #expect(found.map { $0.status.map { "\($0)" } } == ["4.2.2"])
        #expect(found.first?.replyCode == 452)
        #expect(found.map(\.class) == [.mailbox])
    }

    @Test func wordsHaveAnEndWhateverTheirBytes() {
        let mail =
            Array("From: MAILER-DAEMON@a.example\n\n<b@c.example>: 550 ".utf8) + Array(repeating: 0xB5, count: 400)
        let found = BounceReader.read(mail)
        #expect(found.map(\.recipient) == ["b@c.example"])
        #expect(found.allSatisfy { $0.reason.utf8.count <= 300 && $0.reason.unicodeScalars.last == "\u{FFFD}" })
    }
}
