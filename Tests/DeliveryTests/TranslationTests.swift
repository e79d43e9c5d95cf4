import Postgres
import TestSupport
import Testing

/// Mails show what was chosen of their content as they were planned.
@Suite struct ContentTests {
    @Test func theMailShowsWhatWasChosen() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne", "ben"])
            try await bench.plan("picked", to: ["anne", "ben"])
            try await bench.change(
                """
                update messages m set content = '{"persona": "maker", "blocks": {"hero": "pro"}}' from contacts c
                where c.contact_id = m.contact_id and c.attributes ->> 'name' = 'anne'
                """)
            try await bench.send(to: "anne", "ben")
            let mails = bench.sink.mails.map { $0.text.replacing("=\r\n", with: "").replacing("=3D", with: "=") }
            try #require(mails.count == 2)
            let anne = try #require(mails.first { $0.contains("Subject: For makers\r\n") })
            #expect(anne.contains("\r\nHello you\r\n\r\n- Pro (https://shop.example/pro)\r\n"), "\(anne)")
            #expect(anne.contains("<title>For makers</title>") && anne.contains(">For anne&#847;"))
            #expect(anne.contains("<p>Hello you</p><ul>"))
            let ben = try #require(mails.first { $0.contains("Subject: Picked\r\n") })
            #expect(ben.contains("\r\nHello you\r\n\r\nAll\r\n") && ben.contains("<b>All</b>"))
        }
    }
}

/// Mails in the language of whoever gets them.
@Suite struct TranslationTests {
    @Test func aContactIsWrittenToInTheirLanguage() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne", "ben"])
            try await bench.change(
                "update contacts set attributes = attributes || '{\"locale\": \"nl_BE\"}' where attributes ->> 'name' = 'anne'"
            )
            try await bench.plan("greeting", to: ["anne", "ben"])
            try await bench.plan("receipt", to: ["anne"])
            try await bench.send(to: "anne", "ben")
            let mails = bench.sink.mails.map { mail in
                // Without the ends of lines that quoted-printable adds.
                (recipient: mail.recipient, text: mail.text.replacing("=\r\n", with: ""))
            }
            try #require(mails.count == 3)
            let dutch = try #require(mails.first { $0.text.contains("Subject: Goedendag\r\n") })
            #expect(dutch.recipient == "anne@mail.example")
            #expect(dutch.text.contains("Content-Language: nl\r\n") && dutch.text.contains("Dag, ."))
            #expect(dutch.text.contains("<p>Dag.</p>") && dutch.text.contains(">Van de winkel&#847;"))
            let english = try #require(mails.first { $0.text.contains("Subject: Good day\r\n") })
            #expect(english.recipient == "ben@mail.example")
            #expect(english.text.contains("Content-Language: en\r\n") && english.text.contains("<p>Hello.</p>"))
            // What there is in one language goes out in that.
            let receipt = try #require(mails.first { $0.text.contains("Subject: Receipt for anne\r\n") })
            #expect(receipt.text.contains("Content-Language: en\r\n"))
        }
    }
}
