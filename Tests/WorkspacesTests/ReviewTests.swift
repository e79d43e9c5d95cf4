import Model
import Testing
import Workspaces

/// What validate finds in files that can be read.
@Suite struct ReviewTests {
    private static let today = Timestamp(iso8601: "2026-11-26T12:00:00Z")!

    private static func review(_ changes: [String: String?]) -> [String] {
        var files = Shop.files
        // Without what would be found in it.
        files["emails/thanks/email.yaml"] = "{subject: Thanks, class: transactional}"
        files["emails/thanks/body.txt.mustache"] = "Thank you.\n"
        for (file, text) in changes { files[file] = text }
        return Workspace.review(files: files, today: today).map(\.description)
    }

    private static func welcome(_ old: String, _ new: String) -> [String] {
        let text = Shop.files["journeys/welcome.yaml"]!
        precondition(text.contains(old))
        return review(["journeys/welcome.yaml": text.replacing(old, with: new)])
    }

    @Test func aSoundWorkspaceHasNothing() {
        #expect(Self.review([:]) == [])
    }

    @Test func aConditionThatCanNeverBeTrueIsAnErrorAtItsPlace() {
        #expect(
            Self.welcome("'stage == \"do\" &&", "'stage == \"do\" && stage == \"see\" &&") == [
                "journeys/welcome.yaml:14:31  this can never be true: stage == \"do\" and == \"see\" "
                    + "(one of the comparisons is not meant so, or || is meant)"
            ])
        let segment = "segment: odd\nwhen: 'count(\"Order Completed\") < 0'\n"
        #expect(
            Self.review(["segments/odd.yaml": segment]).map { String($0.prefix(25)) } == ["segments/odd.yaml:2:8  th"])
        let errors = Workspace.review(
            files: Shop.files.merging(["segments/odd.yaml": segment]) { $1 }, today: Self.today
        ).filter { $0.severity == .error }
        #expect(errors.map(\.code) == [.neverTrue])
        // Services read it all the same.
        #expect(Shop.load(["segments/odd.yaml": segment]).workspace != nil)
    }

    @Test func aLiteralFalseIsOnlyTold() {
        let found = Self.welcome("'!consented(\"offers\")'", "'false'")
        #expect(found == ["journeys/welcome.yaml:5:15  warning: this can never be true: it is false"])
    }

    @Test func aGoalThatCountsWhatWasDoneBeforeIsToldWhereOneMayEnterAgain() {
        let again = "key: event.properties.id, again: per-key}"
        let text = Shop.files["journeys/welcome.yaml"]!.replacing("run.did", with: "did")
        #expect(Self.review(["journeys/welcome.yaml": text]) == [])
        let found = Self.review(["journeys/welcome.yaml": text.replacing("== 1'}", with: "== 1', \(again)")])
        #expect(found.count == 1 && found[0].contains("journeys/welcome.yaml:4:19  warning: did(\"Order Completed\")"))
        #expect(found[0].contains("run.did(\"Order Completed\") counts what happens in the run"))
    }

    @Test(arguments: [
        ("{date: contact.renewal}", true), ("{called: true}", true), ("{api: true}", true),
        ("{schedule: {every: week, on: monday, at: \"09:00\"}, segment: readers}", true),
        ("{date: contact.renewal, again: never}", false),
        ("{schedule: 2027-03-02T09:00, segment: readers}", false),
    ])
    func theSameWhereOneMayEnterAgainWithoutSayingSo(enter: String, isTold: Bool) {
        let journey =
            "journey: anew\nenter: \(enter)\ngoal: {when: 'did(\"Order Completed\")', within: 7d}\nsteps: [end]\n"
        let found = Self.review(["journeys/anew.yaml": journey]).filter { $0.contains("reached this goal at once") }
        #expect(found.isEmpty != isTold, "\(found)")
    }

    @Test func aWaitThatNoEventCanEndIsAnError() {
        func waiting(for condition: String) -> [String] {
            Self.welcome("'event.properties.path == \"/docs\"'", "'\(condition)'")
        }
        #expect(waiting(for: "event.name == \"Page Viewed\" || event.properties.path == \"/\"") == [])
        let found = waiting(for: "event.name == \"Order Completed\" && event.properties.path == \"/\"")
        #expect(
            found.count == 1 && found[0].hasPrefix("journeys/welcome.yaml:12:")
                && found[0].contains("no \"Page Viewed\" can ever be meant: event.name == "), "\(found)")
        let own = Self.welcome("event: Page Viewed", "event: Email Cliked")
        #expect(own.count == 1 && own[0].contains("did you mean \"Email Clicked\""), "\(own)")
    }

    @Test func anAttributeThatStandsNowhereElseIsToldWhereAnotherIsNearlyTheSame() {
        let segment = { (name: String, condition: String) in "segment: \(name)\nwhen: '\(condition)'\n" }
        var files = [
            "segments/a.yaml": segment("a", "contact.plan_name == \"pro\""),
            "segments/b.yaml": segment("b", "contact.plan_name == \"free\""),
        ]
        #expect(Self.review(files) == [])
        files["segments/c.yaml"] = segment("c", "has(contact.plan_nmae)")
        let found = Self.review(files)
        #expect(
            found == [
                "segments/c.yaml:2:12  warning: the attribute \"plan_nmae\" stands nowhere else "
                    + "(did you mean \"plan_name\"?)"
            ])
        // What a mail says counts as a place.
        files["emails/thanks/body.txt.mustache"] = "{{#contact.plan_nmae}}Yes{{/contact.plan_nmae}}\n"
        #expect(Self.review(files) == [])
    }

    @Test func clicksThatNobodyConsentedToAreTold() {
        let settings = Shop.files["workspace.yaml"]!.replacing(
            "  - {topic: tracking, wording: \"You may see what I open\"}", with: "")
        let waiting = Shop.files["journeys/welcome.yaml"]!.replacing("event: Page Viewed", with: "event: Email Clicked")
        #expect(Self.review(["journeys/welcome.yaml": waiting]) == [])
        let found = Self.review(["journeys/welcome.yaml": waiting, "workspace.yaml": settings])
        #expect(
            found.count == 1 && found[0].contains("12:23  warning: \"Email Clicked\" is only known of who"), "\(found)")
    }

    @Test func mergeFieldsWithoutAFallbackAreTold() {
        let body =
            "Hello {{contact.first_name}},\n{{#contact.city}}in {{contact.city}}{{/contact.city}} {{contact.email}}\n"
        let found = Self.review(["emails/thanks/body.txt.mustache": body])
        #expect(found.count == 1, "\(found)")
        #expect(found[0].hasPrefix("emails/thanks/body.txt.mustache:1:7  warning: {{contact.first_name}} is nothing"))
        let subject = "{subject: 'Hi {{contact.name}}', class: transactional}"
        #expect(
            Self.review(["emails/thanks/email.yaml": subject])[0].hasPrefix("emails/thanks/email.yaml:1:15  warning"))
        let variant = """
            subject: Hi
            class: transactional
            preheader: For {{contact.name}}
            variants: [{stage: do, subject: 'Hi {{contact.plan}}'}]

            """
        let told = Self.review(["emails/thanks/email.yaml": variant]).filter { $0.contains("is nothing for a contact") }
        #expect(
            told.map { String($0.prefix(29)) } == ["emails/thanks/email.yaml:3:16", "emails/thanks/email.yaml:4:37"])
    }

    @Test func aWayOutThatIsNoneIsAnError() {
        let place = "emails/thanks/body.txt.mustache:1:11"
        let found = Self.review(["emails/thanks/body.txt.mustache": "Leave us: {{ links.unsubscribe }}\n"])
        #expect(found.count == 1 && found[0].hasPrefix("\(place)  {{links.unsubscribe}} is nothing"), "\(found)")
        let html = "<a href=\"{{links.unsubscribe}}\">Leave</a>\n"
        #expect(Self.review(["emails/thanks/body.html.mustache": html]).count == 1)
        let guarded = "Hello{{#links.unsubscribe}} {{links.unsubscribe}}{{/links.unsubscribe}}\n"
        #expect(Self.review(["emails/thanks/body.txt.mustache": guarded]) == [])
    }

    @Test func contentPastItsReviewIsTold() {
        func mail(_ day: String) -> String { "{subject: Thanks, class: transactional, review_by: \(day)}" }
        #expect(Self.review(["emails/thanks/email.yaml": mail("2026-11-26")]) == [])
        let found = Self.review(["emails/thanks/email.yaml": mail("2026-11-25")])
        #expect(
            found.count == 1 && found[0].contains("1:52  warning: the e-mail \"thanks\" was to be looked at again by"))
        #expect(Shop.load(["emails/thanks/email.yaml": mail("2026-11-25")]).workspace != nil)
        let wrong = Shop.load(["emails/thanks/email.yaml": mail("soon")]).findings.map(\.description)
        #expect(wrong.first?.contains("emails/thanks/email.yaml:1:52  \"review_by\" is a day") == true, "\(wrong)")
    }

    @Test(
        arguments: [
            // What is heard of it starts it again.
            ("event: Identified, again: per-key, key: event.id", "[{set: {x: 1}}]", "", true),
            ("event: Identified, again: after-exit", "[{wait: 1d}, {set: {x: 1}}]", "", true),
            ("event: Stage Given, again: per-key, key: event.at", "[{stage: do}]", "", true),
            (
                "event: Identified, again: after-exit, when: 'event.properties.x == 1'", "[{set: {x: 1}}]", "", true
            ),
            ("event: Identified, again: per-key, key: event.id", "[{start: second}]", "[{set: {x: 1}}]", true),
            // It may.
            ("event: Identified, again: after-exit, when: contact.x == 1", "[{set: {x: 1}}]", "", false),
            ("event: Identified, again: after-exit", "[{if: did(\"X\"), then: [{set: {x: 1}}]}]", "", false),
        ] as [(String, String, String, Bool)])
    func aJourneyThatStartsItselfAgainIsTold(enter: String, steps: String, second: String, isSure: Bool) {
        var files: [String: String?] = ["journeys/loop.yaml": "journey: loop\nenter: {\(enter)}\nsteps: \(steps)\n"]
        if !second.isEmpty {
            files["journeys/second.yaml"] = "journey: second\nenter: {called: true}\nsteps: \(second)\n"
        }
        let found = Self.review(files)
        let place = isSure ? "journeys/loop.yaml:2:8  what this" : "journeys/loop.yaml:2:8  warning: what this"
        #expect(found.count == (second.isEmpty ? 1 : 2) && found[0].hasPrefix(place), "\(found)")
    }

    @Test(arguments: [
        ("event: Identified", "[{set: {x: 1}}]"), ("event: Identified, again: never", "[{set: {x: 1}}]"),
        ("event: Identified, again: {every: 30d}", "[{set: {x: 1}}]"),
        ("event: Identified, again: per-key, key: event.properties.x", "[{set: {x: 1}}]"),
        ("event: Identified, again: after-exit, when: 'event.properties.plan == \"pro\"'", "[{set: {x: 1}}]"),
        // It is under way when it hears of it.
        ("event: Identified, again: after-exit", "[{set: {x: 1}}, {wait: 1d}]"),
        ("event: Stage Given, again: after-exit", "[{set: {x: 1}}]"),
        ("event: Page Viewed, again: after-exit", "[{set: {when: never, if: \"1 ==\", event: Page Viewd}}]"),
    ])
    func oneThatComesToAnEndIsLeftAlone(enter: String, steps: String) {
        #expect(Self.review(["journeys/loop.yaml": "journey: loop\nenter: {\(enter)}\nsteps: \(steps)\n"]) == [])
    }

    @Test func cellsWithoutContentAreToldWherePersonasAre() {
        let personas = "personas: [{persona: developer, when: 'contact.role == \"developer\"'}]\ndefault: other\n"
        let found = Self.review(["personas.yaml": personas])
        #expect(found.count == 2, "\(found)")
        #expect(found[0].hasPrefix("stages.yaml:2:12  warning: no journey of the stage \"see\" sends anything: "))
        #expect(found[0].hasSuffix("developer × see, other × see has no content"))
    }

    @Test func anEventOfNearlyTheSameNameIsTold() {
        let found = Self.welcome(
            "goal: {when: 'run.did(\"Order Completed\")'", "goal: {when: 'run.did(\"Order Completd\")'")
        #expect(found.count == 1, "\(found)")
        #expect(
            found[0].hasPrefix("journeys/welcome.yaml:4:23  warning: the event \"Order Completd\" stands nowhere else"))
        #expect(found[0].hasSuffix("(did you mean \"Order Completed\"?)"))
    }
}
