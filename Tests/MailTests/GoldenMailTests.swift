import Mail
import Model
import Testing

/// What mails look like to the byte. Signatures and archives depend on it.
@Suite struct GoldenMails {
    @Test func textAlone() throws {
        let expected = """
            Date: Mon, 02 Mar 2026 09:00:00 +0000
            From: Loods Shop <shop@shop.test>
            To: anne@example.test
            Message-ID: <01234567-89ab-8def-8123-456789abcdef@shop.test>
            Subject: Welcome
            MIME-Version: 1.0
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: quoted-printable

            Hello Anne

            """
        #expect(try encodedText(sampleMail()) == crlf(expected))
    }

    @Test func everythingAtOnce() throws {
        var mail = try sampleMail(
            fromName: "Café \"Loods\"", toName: "Anne, the first", subject: "10% off – only today",
            text: "Prijs: 10 € = korting \n.\nFrom here", html: "<p style=\"x\">10&nbsp;€</p>",
            unsubscribe: "https://t.shop.test/u/1.k.abc")
        mail.replyTo = try MailAddress("help@shop.test")
        mail.listID = ListID(try MailDomain("news.shop.test"), description: try HeaderValue("Shop news"))
        mail.feedbackID = FeedbackID(
            campaign: "welcome", workspace: "shop", kind: "offers", sender: try MailDomain("shop.test"))
        mail.autoSubmitted = .generated
        let expected = """
            Date: Mon, 02 Mar 2026 09:00:00 +0000
            From: =?utf-8?Q?Caf=C3=A9_=22Loods=22?= <shop@shop.test>
            Reply-To: help@shop.test
            To: "Anne, the first" <anne@example.test>
            Message-ID: <01234567-89ab-8def-8123-456789abcdef@shop.test>
            Subject: =?utf-8?Q?10=25_off_=E2=80=93_only_today?=
            List-Unsubscribe: <https://t.shop.test/u/1.k.abc>
            List-Unsubscribe-Post: List-Unsubscribe=One-Click
            List-Id: Shop news <news.shop.test>
            Feedback-ID: welcome:shop:offers:shop.test
            Auto-Submitted: auto-generated
            MIME-Version: 1.0
            Content-Type: multipart/alternative;
             boundary="=_loods_01234567-89ab-8def-8123-456789abcdef"

            --=_loods_01234567-89ab-8def-8123-456789abcdef
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: quoted-printable

            Prijs: 10 =E2=82=AC =3D korting=20
            =2E
            From here

            --=_loods_01234567-89ab-8def-8123-456789abcdef
            Content-Type: text/html; charset=utf-8
            Content-Transfer-Encoding: quoted-printable

            <p style=3D"x">10&nbsp;=E2=82=AC</p>

            --=_loods_01234567-89ab-8def-8123-456789abcdef--

            """
        #expect(encodedText(mail) == crlf(expected))
    }

    private func crlf(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n")
    }

    @Test(
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 +0000"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 +0000"),
            (-1, "Wed, 31 Dec 1969 23:59:59 +0000"), (1_798_761_599, "Thu, 31 Dec 2026 23:59:59 +0000"),
        ] as [(Int64, String)])
    func dates(_ seconds: Int64, _ text: String) {
        #expect(Timestamp(seconds: seconds).mailDate == text)
    }

    @Test func fractionsOfASecondAreDropped() {
        #expect(Timestamp(microseconds: 1_999_999).mailDate == "Thu, 01 Jan 1970 00:00:01 +0000")
    }

    @Test func aMailNeedsText() {
        for text in ["", " \n\t"] {
            #expect { try sampleMail(text: text, html: "<p>x</p>") } throws: { ($0 as? MailError)?.code == .emptyText }
        }
    }
}

@Suite struct FeedbackIDs {
    @Test(arguments: [
        ("shop.test", "shop.test"), ("a.b", "a.b-"), ("marketing.averylongname.example", "marketin-"),
    ])
    func theSenderHasFiveToFifteenCharacters(_ domain: String, _ beginning: String) throws {
        let id = FeedbackID(campaign: "c", workspace: "w", kind: "k", sender: try MailDomain(domain)).description
        let sender = try #require(id.split(separator: ":").last)
        #expect((5...15).contains(sender.utf8.count) && sender.hasPrefix(beginning))
    }

    @Test func whatWouldEndAFieldBecomesHyphens() throws {
        let id = FeedbackID(campaign: "a:b\r\nX: é", workspace: "", kind: "n_1.2", sender: try MailDomain("shop.test"))
        #expect(id.description == "a-b--X----:-:n_1.2:shop.test")
    }
}
