import JourneyProgram
import Model
import SendGate

/// Reads `tests/*.yaml`.
struct TestsReader {
    private static let playKeys = [
        "start", "journey", "contact", "contacts", "events", "answers", "variants", "winners", "until",
    ]
    private static let keys = ["test"] + playKeys + ["expect", "never"]

    let inspection: Inspection
    let workspace: Workspace

    /// Whether nothing is asked for: whom to play, and what happens.
    let isPlay: Bool

    init(_ inspection: Inspection, _ workspace: Workspace, isPlay: Bool = false) {
        self.inspection = inspection
        self.workspace = workspace
        self.isPlay = isPlay
    }

    func read() -> [JourneyTest] {
        var tests: [JourneyTest] = []
        let root = inspection.file.root
        for node in root.elements ?? [root] {
            guard let test = test(node) else { continue }
            if tests.contains(where: { $0.name == test.name }) {
                inspection.report(.duplicate, "the test \"\(test.name)\" stands twice", at: node.place)
            } else {
                tests.append(test)
            }
        }
        return tests
    }

    private func test(_ node: YAMLNode) -> JourneyTest? {
        let before = inspection.findings.count
        let (what, keys) = isPlay ? ("a play", Self.playKeys) : ("a test", Self.keys)
        guard let fields = Fields(node, of: what, keys: keys, in: inspection) else { return nil }
        let name = isPlay ? "" : self.name(fields)
        let journey = fields["journey"].flatMap {
            inspection.reference($0, "journey", among: workspace.journeyNames, called: "journeys")
        }
        guard let start = fields.required("start", help: "such as 2026-03-02T10:00 Europe/Amsterdam"),
            let clock = TestClock(start, workspace.zone, inspection)
        else { return nil }
        var contacts = self.contacts(fields)
        let answers = self.answers(fields)
        let (variants, winners) = (trials(fields, "variants", more: [World.rest]), trials(fields, "winners"))
        for index in contacts.indices {
            contacts[index].contact.answers = answers
            contacts[index].contact.variants = variants
            contacts[index].contact.winners = winners
        }
        let names = contacts.map(\.contact.name)
        TestEventsReader(inspection, workspace, clock).read(fields.list("events") ?? [], into: &contacts)
        let until = fields["until"].flatMap { clock.instant($0, "\"until\"", inspection) }
        let reader = ExpectationsReader(inspection, workspace, clock, contacts: names)
        let expected = fields.list("expect").map { $0.compactMap { reader.expectation($0) } }
        let never = (fields.list("never") ?? []).compactMap { reader.prohibition($0) }
        if expected == nil, fields["never"] == nil, !isPlay {
            inspection.report(
                .missing, "a test has an \"expect\" or a \"never\"", at: node.place,
                help: "what must happen, and what must not")
        }
        guard let name, inspection.findings.count == before else { return nil }
        return JourneyTest(
            name: name, file: inspection.file.name, line: node.place.line, start: clock.start, zone: clock.zone,
            journey: journey, contacts: contacts, until: until, expected: expected, never: never)
    }

    private func name(_ fields: Fields) -> String? {
        fields.required("test", help: "what it shows, in a sentence").flatMap { inspection.text($0, "a test's name") }
    }

    /// What systems answer, by the names of webhooks and teams.
    private func answers(_ fields: Fields) -> [String: JSON] {
        var answers: [String: JSON] = [:]
        let known = workspace.webhooks.map(\.name) + workspace.teams.map(\.name)
        if let node = fields["answers"], node.members == nil {
            inspection.report(
                .invalid, "\"answers\" must be a mapping, not \(node.kind)", at: node.place,
                help: "such as {crm: {status: 200, body: {vip: true}}}")
        }
        for member in fields["answers"]?.members ?? [] {
            guard known.contains(member.key) else {
                let help = NearMiss.help(for: member.key, among: known, called: "webhooks and teams")
                inspection.report(
                    .unknownName, "unknown webhook or team \"\(member.key)\"", at: member.keyPlace, help: help)
                continue
            }
            let keys = ["status", "body"]
            guard let answer = Fields(member.value, of: "an answer", keys: keys, in: inspection) else { continue }
            let status = answer["status"].map(\.json) ?? .int(200)
            guard case .int(200...599) = status else {
                inspection.report(
                    .invalid, "a status is a number from 200 to 599", at: member.value.place, help: "such as 404")
                continue
            }
            let body = answer["body"].map { ["body": $0.json] } ?? [:]
            let said = JSON.object(body.merging(["status": status]) { first, _ in first })
            for kind in ["webhook", "notify"] { answers["\(kind):\(member.key)"] = said }
        }
        return answers
    }

    // MARK: Contacts

    private func contacts(_ fields: Fields) -> [TestedContact] {
        guard let several = fields["contacts"] else {
            return [TestedContact(contact: contact(fields["contact"], "contact"), events: [])]
        }
        if let contact = fields["contact"] {
            inspection.report(.invalid, "a test has a \"contact\" or \"contacts\", not both", at: contact.place)
        }
        guard let members = several.members, !members.isEmpty else {
            inspection.report(
                .invalid, "\"contacts\" must be a mapping of names", at: several.place,
                help: "such as {anne: {email: anne@shop.example}}")
            return []
        }
        return members.map { TestedContact(contact: contact($0.value, $0.key), events: []) }
    }

    /// All members but a few are attributes.
    private func contact(_ node: YAMLNode?, _ name: String) -> PlayedContact {
        var contact = PlayedContact(name: name)
        // What a test says holds whatever names hash to.
        contact.isHeldOut = false
        guard let node, !node.isNull else { return contact }
        guard let members = node.members else {
            inspection.report(.invalid, "a contact must be a mapping, not \(node.kind)", at: node.place)
            return contact
        }
        for member in members {
            switch member.key {
            case "consents":
                contact.consents = texts(member.value).compactMap {
                    inspection.reference($0, "topic", among: workspace.topics.map(\.name), called: "topics")
                }
            case "suppressed":
                contact.suppressions = texts(member.value).compactMap {
                    inspection.reference($0, "suppression", among: Self.suppressions, called: "suppressions")
                }
            case "received":
                contact.received = texts(member.value).compactMap {
                    inspection.reference($0, "e-mail", among: workspace.emails.keys.sorted(), called: "e-mails")
                }
            case "hold_out": contact.isHeldOut = holdOut(member.value)
            default: contact.attributes[member.key] = member.value.json
            }
        }
        return contact
    }

    private func holdOut(_ node: YAMLNode) -> Bool {
        guard let isHeldOut = inspection.flag(node, "\"hold_out\""), isHeldOut else { return false }
        guard workspace.policy.holdOut == nil else { return true }
        inspection.report(
            .unknownName, "workspace.yaml has no hold-out", at: node.place, help: "such as hold_out: {share: 5%}")
        return false
    }

    private static let suppressions = ["all", "invalid-address", "complaint", "marketing"]

    /// One, or a list.
    private func texts(_ node: YAMLNode) -> [YAMLNode] { node.elements ?? [node] }
}

extension Workspace {
    var journeyNames: [String] { journeys.map(\.journey.name).sorted() }

    /// The names by which tests may speak of a mail.
    var mailNames: [String] {
        Set(journeys.flatMap { $0.journey.sendingSteps + $0.journey.sentTemplates }).sorted()
    }
}
