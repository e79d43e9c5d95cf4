import Journeys
import Model
import Postgres
import Store
import TestSupport
import Testing

/// What an e-mail shows is chosen on the contact's facts as it is planned, and stored with the message.
@Suite struct ContentTests {
    private static var files: [String: String] {
        var files = Shop.files
        files["personas.yaml"] = "personas: [{persona: maker, when: contact.maker}]\ndefault: visitor"
        files["emails/thanks/email.yaml"] = """
            subject: Thanks
            class: transactional
            blocks:
              - block: hero
                variants:
                  - {variant: large, when: event.properties.revenue > 100}
                  - {variant: maker, when: persona == "maker" && did("Docs Viewed")}
                default: none
            variants: [{persona: maker, subject: Thanks maker}]
            """
        files["emails/thanks/body.txt.mustache"] = "{{> hero}}"
        files["emails/thanks/hero.large.txt.mustache"] = "Large"
        files["emails/thanks/hero.maker.txt.mustache"] = "Maker"
        return files
    }

    @Test func theChoiceIsStoredWithItsReasons() async throws {
        try await Bench.with { bench in
            try await Bench.apply(Self.files, to: bench.database)
            for user in ["anne", "ben"] {
                _ = try await bench.happens("Docs Viewed", "d-\(user)", to: user, at: Bench.start - .hours(1))
            }
            try await bench.database.pool.withTransaction { session in
                try PersonaRows.save(
                    [PersonaHeld(contact: bench.contact("ben"), persona: "maker", since: Bench.start)], in: session)
            }
            try await bench.hears(
                "Order Completed", "o1", to: "anne", .object(["order": .int(1), "revenue": .int(150)]))
            try await bench.hears("Order Completed", "o2", to: "ben", .object(["order": .int(2), "revenue": .int(5)]))
            try await bench.hears("Order Completed", "o3", to: "carl", .object(["order": .int(3)]))
            #expect(
                try await bench.texts("select content::text from messages order by 1") == [
                    "{\"blocks\": {\"hero\": \"large\"}}",
                    "{\"blocks\": {\"hero\": \"maker\"}, \"persona\": \"maker\"}",
                    "{\"blocks\": {\"hero\": \"none\"}}",
                ])
            #expect(
                try await bench.texts(
                    "select choice || ' ' || (saw -> 'conditions' ->> 'hero') from decisions where step = 'content receipt' and saw -> 'conditions' ->> 'hero' is not null order by 1"
                ) == [
                    "hero large event.properties.revenue > 100",
                    "persona maker, hero maker persona == \"maker\" && did(\"Docs Viewed\")",
                ])
        }
    }
}
