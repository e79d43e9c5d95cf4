import Laboratory
import Model
import Testing
import TestSupport
import Workspaces

/// Whom the gate lets marketing go to when it rests on a sale, and whom no more who shows no sign of life: months of it, by
/// the whole cluster on its stepped clock as by the simulator.
@Suite struct EntitlementClusterTests {
    private static let workspace: [String: String] = [
        "workspace.yaml": """
        \(Shop.head)
        topics:
          - {topic: news, wording: Send me news}
          - topic: offers
            wording: Send me offers
            basis: soft_opt_in
            sale: {event: Order Completed, within: 30d, similar_products: shoes, opt_out: a box at the checkout}
        hygiene: {sunset: {after: 60d, mails: 2}}
        """,
        "journeys/news.yaml":
            "journey: news\nenter: {event: News, again: per-key, key: event.id}\nsteps: [{email: news}]",
        "journeys/offer.yaml":
            "journey: offer\nenter: {event: Offer, again: per-key, key: event.id}\nsteps: [{email: offer}]",
        "emails/news/email.yaml": "subject: News\ntopic: news",
        "emails/news/body.txt.mustache": "{{workspace.address}} {{links.unsubscribe}}",
        "emails/offer/email.yaml": "subject: An offer\ntopic: offers",
        "emails/offer/body.txt.mustache": "{{workspace.address}} {{links.unsubscribe}}",
    ]

    /// Anne buys, and so does Bram, who objects, and buys again; Carla looks around. Dirk, Els and Finn consent, and are mailed:
    /// Dirk shows no sign of life, Els visits in time, Finn comes back too late for one mail.
    private static let play = """
        test: entitlement
        start: 2026-03-02T10:00
        contacts:
          anne: {email: anne@shop.example}
          bram: {email: bram@shop.example}
          carla: {email: carla@shop.example}
          dirk: {email: dirk@shop.example, consents: [news]}
          els: {email: els@shop.example, consents: [news]}
          finn: {email: finn@shop.example, consents: [news]}
        events:
          - {at: 1h, contact: anne, track: Order Completed}
          - {at: 1h, contact: bram, track: Order Completed}
          - {at: 1h, contact: carla, page: "https://shop.example/"}
          - {at: 2h, contact: anne, track: Offer}
          - {at: 2h, contact: bram, track: Offer}
          - {at: 2h, contact: carla, track: Offer}
          - {at: 3h, contact: bram, unsubscribe: offers}
          - {at: 4h, contact: bram, track: Order Completed}
          - {at: 5h, contact: bram, track: Offer}
          - {at: 29d, contact: anne, track: Offer}
          - {at: 31d, contact: anne, track: Offer}
          - {at: 1d, contact: dirk, track: News}
          - {at: 1d, contact: els, track: News}
          - {at: 1d, contact: finn, track: News}
          - {at: 30d, contact: dirk, track: News}
          - {at: 30d, contact: els, track: News}
          - {at: 30d, contact: finn, track: News}
          - {at: 50d, contact: els, page: "https://shop.example/"}
          - {at: 61d, contact: dirk, track: News}
          - {at: 61d, contact: els, track: News}
          - {at: 61d, contact: finn, track: News}
          - {at: 62d, contact: finn, track: Order Completed}
          - {at: 63d, contact: finn, track: News}
        expect: []
        """

    @Test(.timeLimit(.minutes(10)))
    func theClusterMailsWhomTheSimulatorMails() async throws {
        let workspace = try #require(Workspace.load(files: Self.workspace).workspace)
        let (tests, findings) = workspace.tests(in: ["tests/entitlement.yaml": Self.play])
        #expect(findings.isEmpty, "\(findings)")
        let test = try #require(tests.first)
        let play = SteppedPlay(
            workspaces: ["shop": Self.workspace],
            people: test.contacts.map { SteppedPlay.Person(workspace: "shop", start: test.start, tested: $0) },
            end: test.start + .days(64))
        let simulated = try play.simulated()
        let mailed = Dictionary(grouping: simulated.mails.map { $0.split(separator: " ") }, by: { $0[1] })
        #expect(mailed.mapValues(\.count) == ["anne": 2, "bram": 1, "dirk": 2, "els": 3, "finn": 3])
        try await Cluster.with(
            services: ["scoring", "scheduler", "mailer"], clock: .stepped(at: play.start), workspace: play.first
        ) { cluster in
            let live = try await play.live(on: cluster)
            #expect(live.mails == simulated.mails, "\(live.mails.difference(from: simulated.mails))")
            #expect(live.ends == simulated.ends, "\(live.ends.difference(from: simulated.ends))")
            for (who, journey, reason) in [
                ("anne", "offer", "no sale of late that mail of the topic could rest on"),
                ("carla", "offer", "no sale of late that mail of the topic could rest on"),
                ("bram", "offer", "withdrawn"),
                ("dirk", "news", "no sign of life for so long that marketing ends"),
            ] {
                let told = try await cluster.loods("explain", "\(who)@shop.example", "\(journey)/\(journey)")
                #expect(told.contains(reason), "\(who): \(told)")
            }
        }
    }
}
