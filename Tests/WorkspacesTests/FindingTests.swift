import Testing
import Workspaces

/// Faults are told with file, line and column, and with what was meant.
struct FindingTests {
    @Test(arguments: [
        ("exit: {when: '!consented(\"offers\")'}", "exit: {when: '!consented(\"offer\")'}", "5:26", "offer"),
        ("run.did(\"Order Completed\")", "run.didd(\"Order Completed\")", "4:19", "unknown function"),
        (
            "- wait: 2d", "- wiat: 2d", "8:5",
            "unknown step \"wiat\" (steps are email, stream, test, webhook, notify, site_message, postcard, wait, wait_for, if, switch, split, repeat, set, score, stage, start, end; did"
        ),
        ("- wait: 2d", "- postcard: thanks", "8:15", "unknown postcard \"thanks\""),
        ("- wait: 2d", "- elif: 'true'", "8:5", "\"elif\" is no step of its own (it is a key of the step with if"),
        ("- wait: 2d", "- {if: 'true', elif: [{then: []}]}", "8:25", "an elif has no \"if\""),
        ("- wait: 2d", "- {if: 'true', elif: [{if: 'true', than: []}]}", "8:38", "unknown key \"than\" in an elif"),
        ("- wait: 2d", "- {switch: stage, cases: {dont: []}}", "8:29", "unknown stage 'dont'"),
        ("- wait: 2d", "- {switch: 'count(\"X\")', cases: {many: []}}", "8:36", "the value is a number, never"),
        ("- wait: 2d", "- {switch: 'did(\"X\")', cases: {yes: []}}", "8:34", "is true or false, never \"yes\""),
        ("- wait: 2d", "- {switch: stage}", "8:5", "a switch has no \"cases\""),
        ("- wait: 2d", "- {switch: stage, cases: []}", "8:28", "\"cases\" must be a mapping from values to steps"),
        ("- wait: 2d", "- {split: {share: {a: 50}}, a: []}", "8:21", "from two or more names to weights"),
        ("- wait: 2d", "- {split: {share: {a: 50, b: 0}}, a: [], b: []}", "8:32", "a whole number from 1 to 1000000"),
        ("- wait: 2d", "- {split: {share: {a: 50, b: 50}}, a: []}", "8:29", "the split has no branch \"b\""),
        ("- wait: 2d", "- {split: {share: {a: 50, 1b: 5}}, a: [], 1b: []}", "8:29", "cannot be named \"1b\""),
        ("- wait: 2d", "- {split: {share: {a: 1, b: 1}}, a: [], b: [], c: []}", "8:50", "unknown key \"c\" in a split"),
        ("- wait: 2d", "- {repeat: {times: 1}, steps: [{wait: 1d}]}", "8:22", "a whole number from 2 to 100"),
        ("- wait: 2d", "- {repeat: {until: 'true'}, steps: [{wait: 1d}]}", "8:14", "a repeat has no \"times\""),
        (
            "- wait: 2d", "- {repeat: {times: 20}, steps: [{repeat: {times: 20}, steps: [{wait: 1d}]}]}", "8:44",
            "comes to 400 passes"
        ),
        ("{event: Page Viewed, at", "{any: [], at", "12:21", "\"any\" is empty"),
        ("{event: Page Viewed, at", "{any: [{evnt: X}], at", "12:23", "unknown key \"evnt\" in one of \"any\""),
        ("{event: Page Viewed, at", "{any: [{event: X}], event: X, at", "12:42", "has \"any\" or \"event\", not both"),
        (
            "{event: Page Viewed, at_most: 3d, when: 'event.properties.path == \"/docs\"'}", "{at_most: 3d}", "12:15",
            "a wait_for names an \"event\" or a condition"
        ),
        ("{event: Page Viewed, at", "{any: [{when: 'consented(\"ofers\")'}], at", "12:40", "ofers"),
        ("- wait: 2d", "- wait: soon", "8:11", "a wait must be a length of time"),
        (
            "- email: thanks\n    step", "- email: thanks\n    late: {after: soon}\n    step", "11:19",
            "\"after\" must be a length"
        ),
        (
            "- email: thanks\n    step", "- email: thanks\n    late: {after: 1h, then: cry}\n    step", "11:29",
            "\"cry\""
        ),
        (
            "- email: thanks\n    step", "- email: thanks\n    once: often\n    step", "11:11",
            "\"once\" is true or false"
        ),
        ("- wait: 2d", "- set: {email: a@b.example}", "8:11", "no journey sets an address"),
        ("- wait: 2d", "- set: {a-b: 1}", "8:11", "\"a-b\" is not the name of an attribute"),
        ("- wait: 2d", "- set: {a: [1]}", "8:14", "an attribute's value is a text"),
        ("- wait: 2d", "- set: []", "8:10", "\"set\" must be a mapping"),
        ("- wait: 2d", "- stage: dont", "8:12", "unknown stage \"dont\""),
        ("- wait: 2d", "- score: {model: engagment, points: 5}", "8:20", "unknown score \"engagment\""),
        ("- wait: 2d", "- score: {model: engagement}", "8:12", "\"score\" has no \"points\""),
        ("- wait: 2d", "- score: {points: 5}", "8:12", "\"score\" has no \"model\""),
        ("- wait: 2d", "- score: {model: engagement, points: 1e3}", "8:40", "points are a number from -10000"),
        ("- wait: 2d", "- score: {model: engagement, points: 10000.1}", "8:40", "points are a number from -10000"),
        ("- wait: 2d", "- score: {model: engagement, points: 0}", "8:40", "gives 0 points does nothing"),
        ("- wait: 2d", "- score: {model: engagement, points: 1, expires: 1s}", "8:52", "for a minute at least"),
        ("- wait: 2d", "- start: welcom", "8:12", "unknown journey \"welcom\""),
        ("- wait: 2d", "- start: welcome", "1:1", "journeys start each other in a circle"),
        ("- wait: 2d", "- stop", "8:5", "unknown step \"stop\""),
        (
            "- email: thanks\n    step", "- email: thanx\n    step", "10:12",
            "unknown e-mail \"thanx\" (e-mails are offer, thanks"
        ),
        ("\n    step: thanks-again", "", "10:12", "a step named \"thanks\" stands in this journey already"),
        ("step: thanks-again", "step: end", "11:11", "no step is named \"end\""),
        ("step: thanks-again", "stp: thanks-again", "11:5", "unknown key \"stp\" in an email step"),
        ("\"09:00\"", "\"25:00\"", "9:19", "\"until\" must be a time of day"),
        ("- wait: 2d", "- wait: {until: \"09:00\", spread: 13h}", "8:36", "a wait is spread over 12h at the most"),
        ("- wait: 2d", "- wait: {until: \"09:00\", spread: wide}", "8:36", "\"spread\" must be a length of time"),
        ("within: 14d", "within: 14d, value: stage", "4:64", "a goal's value is a number, and this is string"),
        ("- wait: 2d", "- wait: {until: contact.trial-ends}", "8:19", "is not an attribute of the contact"),
        ("- wait: 2d", "- wait: {until: contact.ends, offset: soon}", "8:41", "\"offset\" must be a length of time"),
        ("- wait: 2d", "- wait: {until: contact.ends, at: 9}", "8:37", "\"at\" must be a time of day"),
        ("- wait: 2d", "- wait: {until: contact.ends, days: workdays}", "8:33", "unknown key \"days\" in a wait for"),
        ("days: workdays", "days: [mon, tomorrow]", "9:34", "\"days\" is workdays or a list of days"),
        ("stage: do\n", "stage: don\n", "2:8", "unknown stage \"don\""),
        ("score(\"engagement\") > 3", "score(\"engagment\") > 3", "14:37", "engagment"),
        ("else: [end]", "else: [end, {wait: 1d}]", "16:21", "this step can never be reached"),
        (", at_most: 3d", "", "12:15", "a wait_for has no \"at_most\""),
        ("within: 14d", "within: -14d", "4:52", "\"within\" must be a length of time"),
        ("journey: welcome", "journey: wel come", "1:10", "is not a name"),
        ("goal:", "gaol:", "4:1", "unknown key \"gaol\" in a journey"),
        (
            "enter: {event:", "enter: {segment: x, event:", "3:18",
            "an entry is by event, by stage, by segment, by leaving"
        ),
        ("== 1'}", "== 1', again: {each: 30d}}", "3:80", "unknown key \"each\" in \"again\""),
        ("== 1'}", "== 1', again: {every: soon}}", "3:87", "\"every\" must be a length of time"),
        ("== 1'}", "== 1', again: often}", "3:79", "\"again\" is never, per-key, after-exit or {every: …}"),
        ("== 1'}", "== 1', again: after-exit, key: event.properties.id}", "3:96", "a \"key\" is only used with"),
        ("== 1'}", "== 1', again: per-key}", "3:79", "needs a \"key\""),
        ("== 1'}", "== 1', key: event.properties.id}", "3:77", "a \"key\" is only used with"),
        ("== 1'}", "== 1', stage: do}", "3:79", "an entry is by event, by stage, by segment, by leaving"),
        ("'count(\"Order Completed\") == 1'", "'count(\"Order Completed\") = 1'", "3:65", "equality is"),
    ])
    func aFaultInAJourneyIsFoundAtItsPlace(old: String, new: String, place: String, message: String) throws {
        let findings = Shop.findings(replacing: old, with: new)
        let expected = "journeys/welcome.yaml:\(place)  "
        #expect(findings.contains { $0.hasPrefix(expected) && $0.contains(message) }, "\(findings)")
    }

    @Test(arguments: [
        ("workspace.yaml", "Europe/Amsterdam", "Europe/Amsterdm", "2:12", "unknown time zone"),
        ("workspace.yaml", "hello@shop.example", "hello", "3:33", "is not an address"),
        (
            "workspace.yaml", "hello@shop.example", "hello@my_shop.example", "3:33",
            "is not an address: not a domain name"
        ),
        ("workspace.yaml", "hello@shop.example", "a..b@shop.example", "3:33", "the local part is malformed"),
        ("workspace.yaml", "hello@shop.example", "héllo@shop.example", "3:33", "the local part is not ASCII"),
        ("workspace.yaml", "hello@shop.example", "hello@-shöp.example", "3:33", "not a domain name"),
        ("workspace.yaml", "hello@shop.example", "hello@localhost", "3:33", "its domain has no dot"),
        (
            "workspace.yaml", "help@shop.example", "help@shop_desk.example", "4:11",
            "is not an address: not a domain name"
        ),
        ("workspace.yaml", "\"Shop\"", "\"A\\tshop\"", "3:16", "a sender's name must be one line"),
        ("workspace.yaml", "\"Shop\"", "\"A\\Lshop\"", "3:16", "a sender's name must be one line"),
        ("emails/offer/email.yaml", "sales@shop.example", "sales@-shop.example", "3:32", "is not an address: not a"),
        ("emails/offer/email.yaml", "subject: An offer", "subject: \"An\\x7F offer\"", "1:13", "a control character"),
        ("emails/offer/email.yaml", "subject: An offer", "subject: \"An\\u0085 offer\"", "1:13", "a control character"),
        ("emails/offer/email.yaml", "subject: An offer", "subject: \"An\\L offer\"", "1:13", "a control character"),
        ("workspace.yaml", "address: \"Kade 1, 1000 AA Amsterdam\"", "", "1:1", "workspace.yaml has no \"address\""),
        ("workspace.yaml", "topic: onboarding", "topic: offers", "8:5", "the topic \"offers\" stands twice"),
        ("workspace.yaml", "topics:", "holidays: [12-25, 2026-02-30]\ntopics:", "6:19", "a holiday is a date"),
        ("workspace.yaml", "version: 2", "version: two", "8:65", "a version must be a whole number"),
        ("stages.yaml", "- stage: see", "- {stage: see, when: 'true'}", "2:24", "the first stage has no condition"),
        ("stages.yaml", "{stage: do, when: 'did(\"Order Completed\")'}", "stage: do", "4:5", "needs \"when\""),
        ("stages.yaml", "stage: do, ", "stage: do, regress: follow, ", "4:26", "said once, for all stages"),
        ("stages.yaml", "stages:", "regress: somtimes\nstages:", "1:10", "unknown way to regress \"somtimes\""),
        ("stages.yaml", "engagement", "engagment", "3:33", "engagment"),
        ("scores.yaml", "half_life: 14d", "half_life: 1m", "3:16", "a half-life lies between"),
        ("scores.yaml", "points: 1}", "points: 1.0005}", "5:38", "points are a number"),
        ("scores.yaml", "points: 1}", "points: 1e3}", "5:38", "points are a number"),
        ("scores.yaml", "event.properties.revenue > 100", "did(\"X\")", "6:54", "a point rule sees the event only"),
        ("scores.yaml", "points: 1}", "points: 1, cap: {per_day: 0}}", "5:56", "a number of events from 1 to 1000"),
        ("scores.yaml", "points: 1}", "points: 1, cap: {}}", "5:46", "a cap says \"per_day\", \"total\" or both"),
        ("scores.yaml", "points: 1}", "points: 1, expires: 1s}", "5:50", "points count for a minute at least"),
        (
            "scores.yaml", "half_life: 14d", "bands: [{band: A, from: 2}, {band: B, from: 2}]", "3:33",
            "does not begin above"
        ),
        ("scores.yaml", "half_life: 14d", "bands: [{band: A}, {band: B}]", "3:24", "a band after the first needs"),
        (
            "scores.yaml", "half_life: 14d", "fit: [{when: 'did(\"X\")', points: 1}]", "3:18",
            "a fit rule sees the contact's attributes only"
        ),
        ("emails/offer/email.yaml", "topic: offers", "topic: ofers", "2:8", "did you mean \"offers\"?"),
        ("emails/offer/email.yaml", "topic: offers", "topic: tracking", "2:8", "unknown topic \"tracking\""),
        ("emails/offer/email.yaml", "topic: offers\n", "", "1:1", "an e-mail has a \"topic\", or"),
        ("emails/offer/email.yaml", "topic: offers\n", "topic: offers\nclass: transactional\n", "3:8", "not both"),
        ("emails/offer/email.yaml", "subject: An offer", "subject: An {{{offer}}}", "1:13", "an unescaped merge field"),
    ])
    func aFaultElsewhereIsFoundAtItsPlace(
        file: String, old: String, new: String, place: String, message: String
    ) throws {
        let findings = Shop.findings(in: file, replacing: old, with: new)
        let expected = "\(file):\(place)  "
        #expect(findings.contains { $0.hasPrefix(expected) && $0.contains(message) }, "\(findings)")
    }

    @Test func missingFilesAreFound() {
        #expect(Shop.findings("workspace.yaml", nil).first?.contains("there is no workspace.yaml") == true)
        #expect(
            Shop.findings("emails/thanks/body.txt.mustache", nil) == [
                "emails/thanks/body.txt.mustache:1:1  the e-mail \"thanks\" has no body (write body.html.mustache, of which the text is made, or body.txt.mustache)"
            ])
        #expect(
            Shop.findings("emails/thanks/email.yaml", nil) == [
                "emails/thanks/email.yaml:1:1  the e-mail \"thanks\" has no email.yaml"
            ])
        #expect(
            Shop.findings("journeys/empty.yaml", "journey: empty\nenter: {event: X}\nsteps: []").first?
                .hasPrefix("journeys/empty.yaml:3:8  a journey needs steps") == true)
    }

    @Test func aFaultInABodyStandsInItsOwnFile() {
        let findings = Shop.findings("emails/offer/body.html.mustache", "<p>\n{{{raw}}}</p>")
        #expect(findings.count == 1 && findings[0].hasPrefix("emails/offer/body.html.mustache:2:"), "\(findings)")
    }

    @Test func warningsDoNotStopAWorkspace() throws {
        let loaded = Shop.load([
            "segments/old/vip.yaml": "x", "persona.yaml": "x", "tests/a.yaml": "x", ".hidden/x.yaml": "x",
            "notes.md": "x",
            "emails/unused/email.yaml": "{subject: x, class: transactional}", "emails/unused/body.txt.mustache": "x",
            "emails/offer/body.amp.mustache": "x",
        ])
        #expect(loaded.workspace != nil && !loaded.hasErrors)
        #expect(
            loaded.findings.map(\.description) == [
                "emails/offer/body.amp.mustache:1:1  warning: not read by this version",
                "emails/unused/email.yaml:1:1  warning: no journey sends \"unused\"",
                "persona.yaml:1:1  warning: not read by this version",
                "segments/old/vip.yaml:1:1  warning: not read by this version",
            ])
    }

    @Test func marketingMailWithoutItsDutiesIsWarnedOf() {
        let loaded = Shop.load([
            "emails/offer/body.txt.mustache": "An offer: {{links.unsubscribe}}",
            "emails/offer/body.html.mustache": "<p>{{workspace.address}}</p>",
            "emails/thanks/body.txt.mustache": "Thanks.",
        ])
        #expect(loaded.workspace != nil)
        let findings = loaded.findings.map(\.description)
        #expect(findings.count == 2, "\(findings)")
        #expect(
            findings[0].hasPrefix(
                "emails/offer/body.html.mustache:1:1  warning: marketing mail without {{links.unsubscribe}}: no way out (put "
            ))
        #expect(
            findings[1].hasPrefix(
                "emails/offer/body.txt.mustache:1:1  warning: marketing mail without {{workspace.address}}: no postal address"
            ))
    }

    @Test func aTabInASubjectIsNoFault() {
        #expect(
            Shop.findings(
                in: "emails/offer/email.yaml", replacing: "subject: An offer", with: "subject: \"An\\toffer\"")
                == [])
    }

    @Test func oneFaultIsToldOnce() {
        // An e-mail with a fault and a settings file that cannot be read are no unknown names elsewhere.
        let email = Shop.findings("emails/thanks/email.yaml", "{subject: x}")
        #expect(email.count == 1, "\(email)")
        let settings = Shop.findings("workspace.yaml", "workspace: [")
        #expect(settings.count == 1, "\(settings)")
        let scores = Shop.findings("scores.yaml", "scores: {}: {}")
        #expect(scores.count == 1, "\(scores)")
    }

    @Test func twoJourneysOfOneNameAreFound() {
        let findings = Shop.findings("journeys/zwei.yaml", Shop.files["journeys/welcome.yaml"])
        #expect(
            findings == ["journeys/zwei.yaml:1:1  the journey \"welcome\" stands in journeys/welcome.yaml as well"])
    }

    @Test func conditionsInBlocksAndQuotesKeepTheirPlaces() {
        for (exit, place) in [
            ("exit:\n  when: |\n    true &&\n      !consented(\"ofers\")", "8:18"),
            ("exit: {when: \"!consented(\\\"ofers\\\")\"}", "5:26"),
            ("exit: {when: '!consented(''ofers'')'}", "5:26"),
            ("exit:\n  when: '!consented(\"ofers\")'", "6:21"),
        ] {
            let findings = Shop.findings(replacing: "exit: {when: '!consented(\"offers\")'}", with: exit)
            #expect(findings.count == 1 && findings[0].hasPrefix("journeys/welcome.yaml:\(place)  "), "\(findings)")
        }
    }
}
