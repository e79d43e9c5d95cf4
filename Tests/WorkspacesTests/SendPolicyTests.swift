import Model
import SendGate
import Testing
import Workspaces

/// What `workspace.yaml`, journeys, steps and e-mails say of quiet hours and caps.
@Suite struct SendPolicyTests {
    private static func load(_ settings: String, _ edits: [(file: String, old: String, new: String)] = [])
        -> Workspace.Loaded
    {
        var files = Shop.files
        files["workspace.yaml"]! += "\n" + settings
        for edit in edits { files[edit.file] = files[edit.file]!.replacing(edit.old, with: edit.new) }
        return Workspace.load(files: files)
    }

    @Test func hoursAndCapsAreRead() throws {
        let loaded = Self.load(
            """
            quiet_hours:
              - {from: "21:00", until: "08:00"}
              - {from: "00:00", until: "24:00", days: [sat, sun]}
            frequency_caps:
              - {at_most: 2, within: 1d}
              - {at_most: 4, within: 7d, topics: [offers, onboarding]}
            """)
        let policy = try #require(loaded.workspace, "\(loaded.findings)").policy
        #expect(
            policy.quietHours?.periods == [
                .init(from: 1_260, until: 480), .init(from: 0, until: 1_440, days: [.saturday, .sunday]),
            ])
        #expect(
            policy.caps == [
                FrequencyCap(atMost: 2, within: .days(1)),
                FrequencyCap(atMost: 4, within: .days(7), topics: ["offers", "onboarding"]),
            ])
        #expect(policy.memory == .days(7))
    }

    @Test(arguments: [("5%", 500), ("0.01%", 1), ("2.5%", 250), ("12.25%", 1_225), ("50%", 5_000)])
    func aHoldOutIsAShareOfTheContacts(text: String, share: UInt64) throws {
        let loaded = Self.load("hold_out: {share: \(text), topics: offers, group: spring}")
        let policy = try #require(loaded.workspace, "\(loaded.findings)").policy
        #expect(policy.holdOut == HoldOut(share: share, topics: ["offers"], of: "shop", group: "spring"))
    }

    @Test func aSunsetHasItsTermsAndItsSigns() throws {
        let plain = try #require(Self.load("hygiene: {sunset: {after: 180d}}").workspace).policy.sunset
        #expect(plain == Sunset(after: .days(180), mails: 10, signs: Sunset.usualSigns))
        let own = Self.load("hygiene: {sunset: {after: 90d, mails: 5, signs: [Logged In, Order Completed]}}")
        let sunset = try #require(own.workspace, "\(own.findings)").policy.sunset
        #expect(sunset == Sunset(after: .days(90), mails: 5, signs: ["Logged In", "Order Completed"]))
        #expect(try #require(Self.load("").workspace).policy.sunset == nil)
    }

    @Test func aStepGoesBeforeItsEmailAndThatBeforeItsJourney() throws {
        let journey = "journeys/welcome.yaml"
        let loaded = Self.load(
            "",
            [
                (journey, "stage: do\n", "stage: do\npriority: 7\non_quiet: exit\non_cap: exit\non_held: continue\n"),
                (journey, "then: [{email: offer}]", "then: [{email: offer, on_quiet: skip}]"),
                ("emails/offer/email.yaml", "topic: offers", "topic: offers\non_cap: hold\non_quiet: hold"),
            ])
        let workspace = try #require(loaded.workspace, "\(loaded.findings)")
        #expect(
            workspace.restraint(ofEmail: "offer", step: "offer", journey: "welcome")
                == Restraint(onQuiet: .skip, onCap: .hold, onHeld: .continue))
        #expect(workspace.restraint(ofEmail: "offer", step: "offer", journey: "gone").onQuiet == .hold)
        #expect(workspace.priority(ofJourney: "welcome") == 7)
        #expect(workspace.goesOn(whileHeldAt: "offer", journey: "welcome"))
    }

    @Test(arguments: [
        (
            "quiet_hours: [{from: \"00:00\", until: \"08:00\"}, {from: \"08:00\", until: \"16:00\"}, "
                + "{from: \"16:00\", until: \"24:00\"}]", "10:14", "these quiet hours never end"
        ),
        ("frequency_caps: [{at_most: 1, within: 7d, topics: []}]", "10:51", "this cap holds for no topic"),
        ("quiet_hours: {from: 21, until: \"08:00\"}", "10:21", "\"from\" must be a time of day"),
        ("quiet_hours: {from: \"24:00\", until: \"08:00\"}", "10:21", "\"from\" must be a time of day"),
        ("quiet_hours: {from: \"21:00\"}", "10:14", "has no \"until\""),
        ("quiet_hours: {from: \"21:00\", until: \"21:00\"}", "10:14", "begin and end at the same time"),
        ("quiet_hours: {from: \"21:00\", until: \"08:00\", day: [mon]}", "10:46", "did you mean \"days\"?"),
        ("quiet_hours: {from: \"21:00\", until: \"08:00\", days: [moonday]}", "10:52", "days are sun, mon"),
        ("quiet_hours: {from: \"00:00\", until: \"24:00\"}", "10:14", "never end"),
        ("frequency_caps: {at_most: 2, within: 1d}", "10:17", "must be a list"),
        ("frequency_caps: [{at_most: 0, within: 1d}]", "10:28", "a whole number from 1 to 1000"),
        ("frequency_caps: [{at_most: 2, within: day}]", "10:39", "must be a length of time"),
        ("frequency_caps: [{at_most: 2, within: 200d}]", "10:39", "looks back 92d at the most"),
        ("frequency_caps: [{at_most: 2}]", "10:18", "has no \"within\""),
        ("frequency_caps: [{at_most: 2, within: 1d, topics: [ofers]}]", "10:52", "did you mean \"offers\"?"),
        ("frequency_caps: [{at_most: 2, within: 1d, topics: tracking}]", "10:51", "unknown topic \"tracking\""),
        ("hold_out: {share: 5}", "10:19", "must be per cent of the contacts"),
        ("hold_out: {share: 60%}", "10:19", "from 0.01% to 50%"),
        ("hold_out: {share: 0.001%}", "10:19", "from 0.01% to 50%"),
        ("hold_out: {topics: offers}", "10:11", "has no \"share\""),
        ("hold_out: {share: 5%, topics: [ofers]}", "10:32", "did you mean \"offers\"?"),
        ("hold_out: {share: 5%, topics: []}", "10:31", "this hold-out is from no topic"),
        ("hold_out: {share: 5%, grup: a}", "10:23", "did you mean \"group\"?"),
        ("hygiene: {sunset: {after: 3d}}", "10:27", "\"after\" is from 30d to 1098d"),
        ("hygiene: {sunset: {mails: 3}}", "10:19", "has no \"after\""),
        ("hygiene: {sunset: {after: 90d, mails: 0}}", "10:39", "a whole number from 1 to 1000"),
        ("hygiene: {sunset: {after: 90d, signs: []}}", "10:39", "nothing is a sign of life"),
        ("hygiene: {}", "10:10", "\"hygiene\" says nothing"),
        ("hygiene: {pause_at: {}}", "10:21", "\"pause_at\" says nothing"),
        ("hygiene: {pause_at: {bounces: 5}}", "10:31", "must be per cent of a journey's mails"),
        ("lifetimes: {transactional: 0d}", "10:28", "must be a length of time"),
        ("lifetimes: {transactional: 30s}", "10:28", "\"transactional\" is from 1m to 92d"),
        ("lifetimes: {marketing: 93d}", "10:24", "\"marketing\" is from 1m to 92d"),
        ("lifetimes: {offers: 3d}", "10:13", "unknown key \"offers\""),
        ("lifetimes: {}", "10:12", "says nothing of any class"),
        ("lifetimes: 3d", "10:12", "must be a mapping"),
        ("on_unknown: {marketing: again}", "10:25", "policies are resend, hold"),
        ("on_unknown: {}", "10:13", "says nothing of any class"),
        ("frequency_cap: []", "10:1", "did you mean \"frequency_caps\"?"),
    ])
    func faultsAreFoundAtTheirPlaces(settings: String, place: String, message: String) {
        let found = Self.load(settings).findings.map(\.description)
        #expect(found.contains { $0.hasPrefix("workspace.yaml:\(place)  ") && $0.contains(message) }, "\(found)")
    }

    @Test func lifetimesAreReadByClassAndByEMail() throws {
        #expect(try #require(Self.load("").workspace).policy.lifetimes == Lifetimes())
        let email = "emails/offer/email.yaml"
        let loaded = Self.load(
            "lifetimes: {transactional: 36h}", [(email, "topic: offers", "topic: offers\nlifetime: 90m")])
        let workspace = try #require(loaded.workspace, "\(loaded.findings)")
        #expect(workspace.policy.lifetimes == Lifetimes(transactional: .hours(36)))
        let (now, policy) = (Timestamp(seconds: 0), workspace.policy)
        #expect(workspace.end(ofEmail: "offer", .topic("offers"), plannedAt: now, under: policy) == now + .minutes(90))
        #expect(workspace.end(ofEmail: "thanks", .transactional, plannedAt: now, under: policy) == now + .hours(36))
        let faulty = Self.load("", [(email, "topic: offers", "topic: offers\nlifetime: 1s")]).findings
        #expect(faulty.contains { "\($0)".contains("\"lifetime\" is from 1m to 92d") }, "\(faulty)")
    }

    @Test func howMuchMayComeBackIsRead() throws {
        #expect(try #require(Self.load("").workspace).policy.returnLimits == ReturnLimits(bounces: 500, complaints: 30))
        let own = try #require(Self.load("hygiene: {pause_at: {complaints: 0.1%}}").workspace).policy
        #expect(own.returnLimits == ReturnLimits(bounces: 500, complaints: 10))
        #expect(own.sunset == nil)
    }

    @Test func whatIsSentAgainIsReadByClass() throws {
        let usual = try #require(Self.load("").workspace).policy.onUnknown
        #expect(usual.resends(.transactional) && !usual.resends(.topic("offers")))
        let own = try #require(Self.load("on_unknown: {marketing: resend}").workspace).policy.onUnknown
        #expect(own == UnknownPolicy(transactional: .resend, marketing: .resend))
        let careful = try #require(Self.load("on_unknown: {transactional: hold}").workspace).policy.onUnknown
        #expect(careful == UnknownPolicy(transactional: .hold, marketing: .hold))
    }

    @Test func choicesThatDoNotExistAreRefused() {
        let journey = "journeys/welcome.yaml"
        let found = Self.load(
            "",
            [
                (journey, "stage: do\n", "stage: do\npriority: high\non_held: wait\n"),
                (journey, "then: [{email: offer}]", "then: [{email: offer, on_cap: hol}]"),
                ("emails/thanks/email.yaml", "class: transactional", "class: transactional, on_quiet: skip"),
            ]
        ).findings.map(\.description)
        for part in [
            "\"priority\" must be a whole number from 0 to 100", "consequences are park, continue",
            "did you mean \"hold\"?", "hold up no e-mail of \"class: transactional\"",
        ] { #expect(found.contains { $0.contains(part) }, "\(part): \(found)") }
    }

    @Test func hoursAndCapsMakeNoNewVersionOfAJourney() throws {
        let before = try #require(Workspace.load(files: Shop.files).workspace)
        let after = try #require(Self.load("frequency_caps: [{at_most: 1, within: 1d}]").workspace)
        #expect(before.journeys.map(\.digest) == after.journeys.map(\.digest))
    }

    @Test func theirChangeIsToldInTheirOwnWords() {
        var files = Shop.files
        files["workspace.yaml"]! += "\nfrequency_caps: [{at_most: 1, within: 1d}]"
        let change = WorkspaceDifference(from: Shop.files, to: files).changes
        #expect(change.map(\.name) == ["frequency_caps"])
        #expect(change.first?.details.first?.after == "[{at_most: 1, within: 1d}]" || change.first?.sign == .added)
    }
}
