import JourneyProgram
import Model

/// Reads what a test asks for, and what it forbids.
struct ExpectationsReader {
    private static let subjects = [
        "email", "skipped", "held", "webhook", "notify", "site_message", "postcard", "enters", "turned_away", "ends",
        "stage",
        "segment", "left", "persona", "score", "waits_until", "waits_for", "takes",
    ]
    private static let plurals = [
        "webhook": "webhooks", "notify": "teams", "site_message": "site messages", "postcard": "postcards",
    ]
    private static let ends = ["goal", "exit", "completed"]

    private let inspection: Inspection
    private let workspace: Workspace
    private let clock: TestClock
    private let contacts: [String]

    init(_ inspection: Inspection, _ workspace: Workspace, _ clock: TestClock, contacts: [String]) {
        self.inspection = inspection
        self.workspace = workspace
        self.clock = clock
        self.contacts = contacts
    }

    func expectation(_ node: YAMLNode) -> Expectation? {
        read(node, "an expectation", more: ["at"]).map { fields, subject in
            var expectation = subject
            expectation.at = fields["at"].flatMap { clock.instant($0, "\"at\"", inspection) }
            return expectation
        }
    }

    func prohibition(_ node: YAMLNode) -> Expectation? {
        read(node, "what must never happen", more: ["after", "before"]).map { fields, subject in
            var expectation = subject
            expectation.after = fields["after"].flatMap { clock.instant($0, "\"after\"", inspection) }
            expectation.before = fields["before"].flatMap { clock.instant($0, "\"before\"", inspection) }
            return expectation
        }
    }

    private func read(_ node: YAMLNode, _ what: String, more: [String]) -> (Fields, Expectation)? {
        let keys = more + ["contact", "journey", "in", "shows", "worded_for"] + Self.subjects
        guard let fields = Fields(node, of: what, keys: keys, in: inspection) else { return nil }
        guard let (key, value) = fields.one(of: Self.subjects), let subject = subject(key, value) else { return nil }
        let contact = fields["contact"].flatMap {
            inspection.reference($0, "contact", among: contacts, called: "contacts")
        }
        let journey = fields["journey"].flatMap {
            inspection.reference($0, "journey", among: workspace.journeyNames, called: "journeys")
        }
        var expectation = Expectation(
            subject: subject, contact: contact, journey: journey, language: language(fields, of: key),
            line: node.place.line)
        read(contentOf: &expectation, fields)
        return (fields, expectation)
    }

    /// `in: nl`, of a mail.
    private func language(_ fields: Fields, of subject: String) -> LanguageTag? {
        guard let node = fields["in"] else { return nil }
        if subject != "email" {
            inspection.report(
                .invalid, "only an e-mail is sent in a language", at: node.place, help: "it stands beside \"email\"")
        }
        return inspection.language(node, "the language")
    }

    /// `shows: {hero: pro}` and `worded_for: {persona: technical, stage: Think}`, of a mail; `worded_for: everybody`.
    private func read(contentOf expectation: inout Expectation, _ fields: Fields) {
        if let node = fields["worded_for"] {
            if node.text == "everybody" {
                expectation.cell = ContentCell()
            } else if let fields = Fields(node, of: "\"worded_for\"", keys: ["persona", "stage"], in: inspection) {
                expectation.cell = ContentCell(
                    persona: fields["persona"].flatMap {
                        inspection.reference($0, "persona", among: workspace.personaNames, called: "personas")
                    },
                    stage: fields["stage"].flatMap {
                        inspection.reference($0, "stage", among: workspace.stages.map(\.name), called: "stages")
                    })
            }
        }
        guard let node = fields["shows"] else { return }
        guard case .sent(let name) = expectation.subject, let members = node.members else {
            return inspection.report(
                .invalid, "only an e-mail shows blocks", at: node.place, help: "email: NAME, shows: {BLOCK: VARIANT}")
        }
        let blocks = workspace.blocks(ofMail: name)
        for member in members {
            guard let block = blocks.first(where: { $0.name == member.key }) else {
                let known = blocks.map(\.name)
                inspection.report(
                    .unknownName, "unknown block \"\(member.key)\"", at: member.keyPlace,
                    help: NearMiss.help(for: member.key, among: known, called: "blocks"))
                continue
            }
            let variants = Set(block.variants.map(\.name) + [block.fallback]).sorted()
            expectation.blocks[block.name] = inspection.reference(
                member.value, "variant", among: variants, called: "variants")
        }
    }

    private func subject(_ key: String, _ node: YAMLNode) -> Expectation.Subject? {
        switch key {
        case "email": mail(node).map { .sent($0) }
        case "skipped": skipped(node).map { .skipped($0) }
        case "webhook", "notify", "site_message", "postcard": call(key, node).map { .told("\(key):\($0)") }
        case "held": mail(node).map { .held($0) }
        case "enters":
            inspection.reference(node, "journey", among: workspace.journeyNames, called: "journeys").map { .enters($0) }
        case "turned_away":
            inspection.reference(node, "journey", among: workspace.journeyNames, called: "journeys").map {
                .turnedAway($0)
            }
        case "ends": inspection.reference(node, "end", among: Self.ends, called: "ends").map { .ends($0) }
        case "stage":
            inspection.reference(node, "stage", among: workspace.stages.map(\.name), called: "stages").map {
                .stage($0)
            }
        case "score": score(node)
        case "segment": segment(node).map { .segment($0) }
        case "left": segment(node).map { .left($0) }
        case "persona":
            inspection.reference(node, "persona", among: workspace.personaNames, called: "personas").map {
                .persona($0)
            }
        case "waits_until": clock.instant(node, "\"waits_until\"", inspection).map { .waitsUntil($0) }
        case "waits_for": inspection.text(node, "what is waited for").map { .waitsFor($0) }
        default: inspection.text(node, "a branch").map { .takes($0) }
        }
    }

    private func mail(_ node: YAMLNode) -> String? {
        inspection.reference(node, "e-mail", among: workspace.mailNames, called: "e-mails of journeys")
    }

    /// What needs the gate's leave: mails, and what sites show.
    private func skipped(_ node: YAMLNode) -> String? {
        let calls = workspace.journeys.flatMap(\.journey.callSteps).filter(\.call.goesToContact).map(\.step)
        return inspection.reference(
            node, "message", among: workspace.mailNames + calls.sorted(), called: "messages to contacts")
    }

    private func call(_ kind: String, _ node: YAMLNode) -> String? {
        let calls = workspace.journeys.flatMap(\.journey.callSteps).filter { $0.call.name.hasPrefix("\(kind):") }
        let known = calls.flatMap { [$0.step, String($0.call.name.dropFirst(kind.count + 1))] }
        return inspection.reference(
            node, kind.replacing("_", with: " "), among: Set(known).sorted(), called: Self.plurals[kind] ?? kind)
    }

    private func score(_ node: YAMLNode) -> Expectation.Subject? {
        let known = workspace.scores.map(\.name)
        func model(_ node: YAMLNode) -> String? {
            inspection.reference(node, "score", among: known, called: "scores")
        }
        guard node.members != nil else { return model(node).map { .gives(model: $0, points: nil) } }
        guard let fields = Fields(node, of: "\"score\"", keys: ["model", "points"], in: inspection),
            let model = fields.required("model").flatMap(model)
        else { return nil }
        let points = fields["points"].map(PointsReader(inspection).points)
        if let points, points == nil { return nil }
        return .gives(model: model, points: points ?? nil)
    }

    private func segment(_ node: YAMLNode) -> String? {
        inspection.reference(node, "segment", among: workspace.segments.map(\.name).sorted(), called: "segments")
    }
}

extension Workspace {
    /// The blocks of the e-mails of that name, or that steps of that name send.
    fileprivate func blocks(ofMail name: String) -> [ContentRules.Block] {
        let templates = journeys.flatMap(\.journey.emailSteps).filter { $0.step == name }.map(\.template) + [name]
        return Set(templates).sorted().flatMap { emails[$0]?.blocks ?? [] }
    }

    var personaNames: [String] { personas.ordered.map(\.name) + [personas.fallback].compactMap(\.self) }
}
