import Expressions
import JourneyProgram
import Model
import Scores
import Testing
import Workspaces

struct LoadingTests {
    @Test func aWholeWorkspaceIsRead() throws {
        let loaded = Shop.load()
        #expect(loaded.findings == [])
        let shop = try #require(loaded.workspace)
        #expect(shop.name == "shop" && shop.zone.name == "Europe/Amsterdam")
        #expect(shop.sender == Sender(name: "Shop", address: "hello@shop.example"))
        #expect(shop.replyTo == "help@shop.example" && shop.postalAddress == "Kade 1, 1000 AA Amsterdam")
        #expect(shop.topics.map(\.version) == [1, 2, 1])
        #expect(shop.stages.map(\.name) == ["see", "think", "do"])
        #expect(shop.score(named: "engagement")?.halfLife == .days(14))
        #expect(shop.score(named: "engagement")?.rules.map(\.points) == [1000, -2500])
        let welcome = try #require(shop.journey(named: "welcome"))
        #expect(welcome.journey.emailSteps.map(\.step) == ["thanks", "thanks-again", "offer"])
        #expect(welcome.journey.goal?.within == .days(14))
        #expect(shop.emails["thanks"]?.ground == .transactional)
        #expect(shop.emails["offer"]?.ground == .topic("offers"))
        #expect(shop.emails["offer"]?.sender?.name == "Sales")
    }

    @Test func onlyTheWorkspaceFileIsNeeded() throws {
        let loaded = Workspace.load(files: ["workspace.yaml": Shop.files["workspace.yaml"]!, "README.md": "hello"])
        #expect(loaded.findings == [])
        let workspace = try #require(loaded.workspace)
        #expect(workspace.stages.isEmpty && workspace.journeys.isEmpty)
    }

    @Test func whatANameStartsOrGivesIsFound() throws {
        let shop = try #require(Shop.load().workspace)
        #expect(
            shop.interestingEvents == [
                "Order Completed", "Page Viewed", "Consent Given", "Consent Withdrawn", "Consent Denied",
                "Consent Confirmed",
            ])
        #expect(shop.scores.flatMap(\.rules).filter { $0.event == "Order Completed" }.map(\.points) == [-2500])
        #expect(shop.journeys(startingOnEvent: "Order Completed").map(\.journey.name) == ["welcome"])
        #expect(shop.journeys(startingOnEvent: "Page Viewed").isEmpty)
        #expect(shop.journeys(startingOnStage: "do").isEmpty)
    }

    @Test func whatChangesAWatchedConditionIsOfInterest() throws {
        let journey = """
            journey: watch
            enter: {stage: think}
            goal: {when: 'contact.plan == "paid" || score("engagement") > 50', within: 1d}
            steps: [{wait: 1h}]
            """
        let shop = try #require(Shop.load(["journeys/welcome.yaml": nil, "journeys/watch.yaml": journey]).workspace)
        #expect(
            shop.interestingEvents == [
                EventNames.identified, EventNames.pointsGiven, "Page Viewed", "Order Completed",
            ])
        #expect(shop.journeys(startingOnStage: "think").map(\.journey.name) == ["watch"])
    }

    @Test func everyKindOfBranchIsRead() throws {
        let journey = """
            journey: branches
            enter: {event: Signed Up}
            steps:
              - if: did("X")
                then: [{email: thanks, step: a}]
                elif: [{if: did("Y"), then: [{email: thanks, step: b}]}]
                else: [{email: thanks, step: c}]
              - switch: contact.plan
                cases: {pro: [{email: thanks, step: d}], 7: [{email: thanks, step: e}], true: []}
                else: [{email: thanks, step: f}]
              - split: {share: {a: 45, b: 45, holdout: 10}}
                step: offer-test
                a: [{email: thanks, step: g}]
                b: [{email: thanks, step: h}]
              - wait_for:
                  any:
                    - event: Docs Viewed
                      then: [{email: thanks, step: i}]
                    - when: score("engagement") > 50
                  at_most: 3d
                then: [{email: thanks, step: j}]
                else: [{email: thanks, step: k}]
              - wait_for: {when: contact.plan == "paid", at_most: 3d}
              - repeat: {times: 3, until: did("Z")}
                steps: [{email: thanks, step: l}, {wait: 1d}]
            """
        let loaded = Shop.load(["journeys/branches.yaml": journey])
        #expect(loaded.findings == [])
        let shop = try #require(loaded.workspace)
        let read = try #require(shop.journey(named: "branches")).journey
        #expect(Set(read.emailSteps.map(\.step)) == Set("abcdefghijkl".map { String($0) }))
        #expect(read.mentionedEvents == ["Signed Up", "X", "Y", "Docs Viewed", "Z"])
        #expect(read.watchedConditions.map(\.source) == [#"contact.plan == "paid""#, #"score("engagement") > 50"#])
        // What changes an attribute or a score that is waited for is of interest.
        #expect(shop.interestingEvents.isSuperset(of: [EventNames.identified, "Page Viewed", "Docs Viewed"]))
    }

    /// A step sets what a test, and an event, would say.
    @Test(arguments: [
        ("01234", JSON.string("01234")), ("+3161", .string("+3161")), ("0x10", .string("0x10")), ("12", .int(12)),
        ("-1.5", .double(-1.5)), ("1e3", .double(1000)), ("true", .bool(true)), ("True", .string("True")),
        ("~", .null), ("'12'", .string("12")), ("1_000", .string("1_000")), ("inf", .string("inf")),
        ("2026-03-02", .string("2026-03-02")),
    ])
    func aPlainValueIsWhatJSONReads(text: String, value: JSON) throws {
        let journey = "journey: given\nenter: {event: X}\nsteps: [{set: {phone: \(text)}}]"
        let shop = try #require(Shop.load(["journeys/given.yaml": journey]).workspace)
        let given = try #require(shop.journey(named: "given")).journey
        #expect(given.changes == [.attributes(["phone": value])])
        let play = try #require(shop.play(named: "p", text: "{start: 2026-03-02, contact: {phone: \(text)}}").play)
        #expect(play.contacts[0].contact.attributes["phone"] == value)
    }

    @Test func aDigestChangesWithWhatTheJourneySends() throws {
        func digest(_ changes: [String: String?] = [:]) throws -> UniqueID {
            try #require(Shop.load(changes).workspace?.journeys.first).digest
        }
        let digest0 = try digest()
        #expect(try digest() == digest0)
        #expect(try digest(["emails/thanks/body.txt.mustache": "Thanks!"]) != digest0)
        #expect(try digest(["emails/offer/body.html.mustache": nil]) != digest0)
        #expect(try digest(["journeys/welcome.yaml": Shop.files["journeys/welcome.yaml"]! + "\n"]) != digest0)
        let other = [
            "emails/other/email.yaml": "{subject: x, class: transactional}", "emails/other/body.txt.mustache": "x",
        ]
        #expect(try digest(other) == digest0)
    }

    @Test(arguments: [
        ("Europe/Amsterdam", "Europe/Paris"), ("name: \"Shop\"", "name: \"The Shop\""),
        ("hello@shop.example", "hi@shop.example"), ("reply_to: help@shop.example", ""), ("help@", "desk@"),
        ("Kade 1", "Kade 2"), ("workspace: shop", "workspace: store"),
    ])
    func aDigestChangesWithTheSettingsThatMailsAreMadeOf(old: String, new: String) throws {
        let text = try #require(Shop.files["workspace.yaml"])
        let digest = try #require(Shop.load().workspace?.journeys.first).digest
        let changed = try #require(Shop.load(["workspace.yaml": text.replacing(old, with: new)]).workspace)
        #expect(changed.journeys.first?.digest != digest)
        let remark = try #require(Shop.load(["workspace.yaml": text + "\n# a remark\n"]).workspace)
        #expect(remark.journeys.first?.digest == digest)
    }

    @Test func anEventGivesPointsByEachRuleThatFits() throws {
        let score = try #require(Shop.load().workspace?.score(named: "engagement"))
        func amount(_ revenue: JSON) throws -> Int64? {
            let at = Timestamp(seconds: 0)
            let properties = JSON.object(["revenue": revenue])
            let event = HistoryEvent(at: at, eventID: "e", name: "Order Completed", properties: properties)
            return try ScoreBook(score, of: [event]).balance.lasting[0]
        }
        #expect(try amount(.int(101)) == -2500 * 256)
        #expect(try amount(.double(99.5)) == nil)
        #expect(try amount(.string("much")) == nil)
    }

    @Test func aStageThatFollowsIsLeftWhenItsConditionNoLongerHolds() throws {
        let text = try #require(Shop.files["stages.yaml"])
        let shop = try #require(Shop.load(["stages.yaml": "regress: follow\n" + text]).workspace)
        let now = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
        var facts = ContactFacts(shop, now: now)
        let term = ScoreArithmetic.term(points: 20_000, at: now, halfLife: .days(14))
        facts.balances = ["engagement": ScoreBalance(lasting: [term.epoch: term.amount])]
        let think = try #require(shop.stage(of: facts, before: "do"))
        #expect(think.name == "think")
        // Down to the threshold, where the condition still holds; and below it, where the contact goes back.
        for stage in ["think", "see"] {
            let next = try #require(shop.stage(of: facts, before: "think")).validUntil
            facts.now = next - Span(microseconds: 1)
            #expect(shop.stage(of: facts, before: "think")?.name == "think")
            facts.now = next
            #expect(shop.stage(of: facts, before: "think")?.name == stage)
        }
        #expect(shop.stage(of: facts, before: "think", asked: [])?.name == "think")
    }

    @Test func aStageIsReachedAndNeverLeft() throws {
        let shop = try #require(Shop.load().workspace)
        let now = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
        var facts = ContactFacts(shop, now: now)
        #expect(shop.stage(of: facts, before: nil)?.name == "see")
        let term = ScoreArithmetic.term(points: 20_000, at: now, halfLife: .days(14))
        facts.balances = ["engagement": ScoreBalance(lasting: [term.epoch: term.amount])]
        let think = try #require(shop.stage(of: facts, before: "see"))
        #expect(think.name == "think" && think.validUntil == .distantFuture)
        facts.now = now + .days(28)
        #expect(shop.stage(of: facts, before: "think")?.name == "think")
        #expect(shop.stage(of: facts, before: nil)?.name == "see")
        facts.history = History([HistoryEvent(at: now, eventID: "e", name: "Order Completed")])
        #expect(shop.stage(of: facts, before: "think")?.name == "do")
    }
}
