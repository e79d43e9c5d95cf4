import HTTPTypes
import Model
import Postgres
import Store
import TestSupport
import Testing

/// A key that stands in public pages never reads, never sets consent, address or attributes of somebody known, and merges
/// nobody: through the whole way, for every call.
@Suite struct KeyTrustTests {
    /// What is known of people: all that a public key may not touch.
    private func known(_ passage: Passage) async throws -> [String] {
        try await passage.texts(
            """
            select concat_ws('|', 'contact', c.contact_id, c.attributes, c.merged_into) from contacts c
            where exists (
                select from identities i where i.subject_id = c.contact_id and i.value in ('anne', 'bob', 'anne-phone'))
            union all
            select concat_ws('|', 'consent', contact_id, topic, channel, address, state) from consents
            union all
            select concat_ws('|', 'name', kind, value, subject_id) from identities
            where kind = 'email' or value in ('anne', 'bob', 'anne-phone')
            union all
            select concat_ws('|', 'merged', count(*)) from contacts where merged_into is not null
            order by 1
            """)
    }

    /// Anne has a phone, an address, a plan and a consent; Bob has a name only.
    private func people(_ passage: Passage) async throws {
        // Her phone was seen before anybody knew that it was hers.
        let visit = "{\"anonymousId\":\"anne-phone\",\"event\":\"E\"}"
        #expect(try await passage.send("track", visit, key: "shop-public").status == 200)
        for (call, body) in [
            (
                "identify",
                "{\"userId\":\"anne\",\"anonymousId\":\"anne-phone\",\"traits\":{\"email\":\"anne@shop.example\",\"plan\":\"free\"}}"
            ),
            ("track", "{\"userId\":\"anne\",\"event\":\"Consent Given\",\"properties\":{\"topic\":\"offers\"}}"),
            ("track", "{\"userId\":\"bob\",\"event\":\"E\"}"),
        ] {
            #expect(try await passage.send(call, body).status == 200)
        }
    }

    static let attacks: [(call: String, body: String)] = [
        ("identify", "{\"userId\":\"anne\",\"traits\":{\"email\":\"eve@evil.example\",\"plan\":\"gold\"}}"),
        ("identify", "{\"userId\":\"bob\",\"traits\":{\"plan\":\"gold\"}}"),
        ("identify", "{\"anonymousId\":\"anne-phone\",\"traits\":{\"plan\":\"gold\",\"email\":\"eve@evil.example\"}}"),
        ("identify", "{\"userId\":\"anne\",\"anonymousId\":\"eve\",\"traits\":{\"plan\":\"gold\"}}"),
        ("identify", "{\"userId\":\"eve\",\"anonymousId\":\"anne-phone\",\"traits\":{\"plan\":\"gold\"}}"),
        ("identify", "{\"anonymousId\":\"eve\",\"traits\":{\"email\":\"anne@shop.example\"}}"),
        ("identify", "{\"userId\":\"bob\",\"traits\":{\"email\":\"anne@shop.example\"}}"),
        ("identify", "{\"userId\":\"anne\",\"context\":{\"traits\":{\"plan\":\"gold\"}},\"traits\":{}}"),
        ("alias", "{\"userId\":\"anne\",\"previousId\":\"eve\"}"),
        ("alias", "{\"userId\":\"eve\",\"previousId\":\"anne\"}"),
        ("alias", "{\"userId\":\"eve\",\"previousId\":\"anne-phone\"}"),
        ("alias", "{\"userId\":\"bob\",\"previousId\":\"anne-phone\"}"),
        ("alias", "{\"userId\":\"bob\",\"anonymousId\":\"anne-phone\",\"previousId\":\"anne@shop.example\"}"),
        (
            "group",
            "{\"userId\":\"anne\",\"groupId\":\"g\",\"traits\":{\"plan\":\"gold\",\"email\":\"eve@evil.example\"}}"
        ),
        ("group", "{\"anonymousId\":\"anne-phone\",\"groupId\":\"g\",\"context\":{\"traits\":{\"plan\":\"gold\"}}}"),
        (
            "track",
            "{\"userId\":\"anne\",\"event\":\"E\",\"context\":{\"traits\":{\"plan\":\"gold\",\"email\":\"e@x.example\"}}}"
        ),
        (
            "track",
            "{\"anonymousId\":\"anne-phone\",\"event\":\"E\",\"context\":{\"tr\\u0061its\":{\"plan\":\"gold\"}}}"
        ),
        ("track", "{\"userId\":\"anne\",\"event\":\"Identified\",\"properties\":{\"plan\":\"gold\"}}"),
        ("track", "{\"userId\":\"anne\",\"type\":\"identify\",\"event\":\"E\",\"traits\":{\"plan\":\"gold\"}}"),
        ("track", "{\"userId\":\"anne\",\"event\":\"E\",\"trust\":\"server\",\"traits\":{\"plan\":\"gold\"}}"),
        ("page", "{\"userId\":\"anne\",\"context\":{\"traits\":{\"plan\":\"gold\"}}}"),
        ("screen", "{\"userId\":\"anne\",\"context\":{\"traits\":{\"plan\":\"gold\"}}}"),
        ("track", "{\"userId\":\"anne\",\"event\":\"Consent Given\",\"properties\":{\"topic\":\"news\"}}"),
        ("track", "{\"userId\":\"anne\",\"event\":\"Consent Withdrawn\",\"properties\":{\"topic\":\"offers\"}}"),
        ("track", "{\"userId\":\"anne\",\"event\":\"Consent\\u0020Withdrawn\",\"properties\":{\"topic\":\"offers\"}}"),
        ("track", "{\"userId\":\"anne\",\"event\":\"Email Bounced\",\"properties\":{}}"),
        ("track", "{\"event\":\"E\",\"properties\":{\"email\":\"anne@shop.example\"}}"),
        ("identify", "{\"traits\":{\"email\":\"anne@shop.example\"}}"),
    ]

    /// Each alone, and again as the item of a batch.
    @Test func aPublicKeyChangesNobodyWhoIsKnown() async throws {
        try await Passage.with { passage in
            try await people(passage)
            let before = try await known(passage)
            for (call, body) in Self.attacks {
                let single = try await passage.send(call, body, key: "shop-public")
                #expect([200, 400].contains(single.status), "\(call) \(body)")
                let item = body.replacing(/^\{("type":"[a-z]+",)?/, with: "{\"type\":\"\(call)\",")
                let batch = try await passage.send("batch", "{\"batch\":[\(item)]}", key: "shop-public")
                #expect(batch.status == 200, "\(item)")
                #expect(try await known(passage) == before, "\(call) \(body)")
                // Nothing of anybody comes back.
                for answer in [single, batch] {
                    for word in ["anne@shop", "free", "offers\""] {
                        #expect(!answer.body.contains(word), "\(answer.body)")
                    }
                }
            }
        }
    }

    /// What it sent first about a stranger does not hold once somebody is known by that name.
    @Test func whatWasSaidBeforehandDoesNotStick() async throws {
        try await Passage.with { passage in
            try await passage.send(
                "identify",
                "{\"anonymousId\":\"anne-phone\",\"traits\":{\"plan\":\"gold\",\"email\":\"eve@evil.example\"}}",
                key: "shop-public")
            try await people(passage)
            let attributes = try await passage.texts(
                "select attributes ->> 'plan' || ' ' || (attributes ->> 'email') from contacts where attributes ? 'email'"
            )
            #expect(attributes == ["free anne@shop.example"])
        }
    }

    /// The same calls by a server: the attacks above are real ones.
    @Test func aServersKeyDoes() async throws {
        try await Passage.with { passage in
            try await people(passage)
            var changes = 0
            for (call, body) in Self.attacks {
                let before = try await known(passage)
                #expect(try await passage.send(call, body).status == 200)
                changes += try await known(passage) == before ? 0 : 1
            }
            #expect(changes >= 9, "\(changes)")
        }
    }

    /// The edge has no way to ask: every other method and path is nothing, whoever asks.
    @Test func aPublicKeyReadsNothing() async throws {
        try await Passage.with { passage in
            try await people(passage)
            for path in [
                "/v1/track", "/v1/identify", "/v1/batch", "/v1/contacts", "/v1/contacts/anne", "/v1/users/anne/traits",
                "/v1/keys", "/metrics", "/readyz", "/", "/v1/track?userId=anne", "/../v1/track",
            ] {
                let answer = try await passage.request(path, .get, key: "shop-public")
                #expect([404, 405].contains(answer.status), "\(path): \(answer.status)")
                #expect(!answer.body.contains("anne@"), "\(path)")
            }
        }
    }
}
