import Content
import Expressions
import JourneyProgram
import Model

extension Review {
    private static let tracked = ["Email Opened", "Email Clicked"]

    mutating func lookAtJourneys() {
        for file in documents(in: "journeys") {
            lookAtGoal(of: file)
            if !hasTracking { lookAtTracking(in: file) }
        }
    }

    /// A goal that counts what was done in an earlier run as well.
    private mutating func lookAtGoal(of file: YAMLFile) {
        guard let enter = file.root["enter"], mayComeAgain(enter), let goal = file.root["goal"]?["when"],
            let text = goal.text
        else { return }
        for mention in HistoryMention.all(in: text) where !mention.isOfRun && mention.function == "did" {
            report(
                .bareDid,
                "did(\"\(mention.event)\") holds for good: whoever enters again has reached this goal at once",
                in: file.name, at: file.place(line: mention.line, column: mention.column, in: goal),
                help: "run.did(\"\(mention.event)\") counts what happens in the run")
        }
    }

    /// Whether a contact may come in more than once: as it says, or since days come round and calls come again.
    private func mayComeAgain(_ enter: YAMLNode) -> Bool {
        if let again = enter["again"] { return again.text != "never" }
        if let schedule = enter["schedule"] { return schedule.text.flatMap { Schedule.Occurrence($0) } == nil }
        return ["date", "api", "called"].contains { enter[$0] != nil }
    }

    /// Broadcasts whose only time has been.
    mutating func lookAtSchedules(today: Timestamp) {
        let zone = document("workspace.yaml")?.root["time_zone"]?.text.flatMap { LocalZone($0) } ?? .utc
        for file in documents(in: "journeys") {
            guard let enter = file.root["enter"], let node = enter["schedule"],
                let only = node.text.flatMap({ Schedule.Occurrence($0) })
            else { continue }
            let isLocal = enter["local"]?.text == "true"
            let schedule = Schedule(.once(only.date), minuteOfDay: only.minuteOfDay, isLocal: isLocal)
            // By the contacts' own clocks it begins where the day begins first.
            guard schedule.opening(of: only, in: zone) < today else { continue }
            let isOver = schedule.closing(of: only, in: zone) < today
            report(
                .past,
                isOver
                    ? "\(only) has been: applied now, this broadcast goes to nobody"
                    : "\(only) has begun in the east: applied now, this broadcast goes to nobody",
                in: file.name, at: node.place, help: "a broadcast that has gone out may stay as it is")
        }
    }

    private var hasTracking: Bool {
        document("workspace.yaml")?.root["topics"]?.elements?.contains {
            $0["topic"]?.text == Workspace.trackingTopic
        } ?? false
    }

    /// Opens and clicks that nobody can have consented to be known by.
    private mutating func lookAtTracking(in file: YAMLFile) {
        var found: [(name: String, place: YAMLNode.Place)] = []
        file.root.walk { member, _ in
            guard let name = member.value.text else { return }
            if member.key == "event" { found.append((name, member.value.place)) }
            // What a test goes by.
            let measures = ["opens": EventNames.emailOpened, "clicks": EventNames.emailClicked]
            if member.key == "by", let event = measures[name] { found.append((event, member.value.place)) }
        }
        for node in file.root.conditions {
            found += HistoryMention.all(in: node.text ?? "").map {
                ($0.event, file.place(line: $0.line, column: $0.column, in: node))
            }
        }
        for (name, place) in found where Self.tracked.contains(name) {
            report(
                .noTracking, "\"\(name)\" is only known of who consented to tracking, and there is no such topic",
                in: file.name, at: place,
                help: "add the topic \"tracking\" to workspace.yaml, and ask for it")
        }
    }

    /// Stages in which a workspace with personas has nothing to say.
    mutating func lookAtMatrix() {
        guard let stages = document("stages.yaml"), let personas = document("personas.yaml")?.root else { return }
        let names =
            (personas["personas"]?.elements ?? []).compactMap { $0["persona"]?.text }
            + [personas["default"]?.text].compactMap(\.self)
        guard !names.isEmpty else { return }
        let served = Set(
            documents(in: "journeys").filter(\.root.sends).compactMap { $0.root["stage"]?.text }
                + documents(in: "journeys").filter(\.root.sends).compactMap { $0.root["enter"]?["stage"]?.text })
        for stage in stages.root["stages"]?.elements ?? [] {
            guard let name = stage["stage"], let text = name.text, !served.contains(text) else { continue }
            let cells = names.map { "\($0) × \(text)" }.joined(separator: ", ")
            report(
                .emptyCell, "no journey of the stage \"\(text)\" sends anything: \(cells) has no content",
                in: stages.name, at: name.place)
        }
        lookAtPersonas(in: stages, names.filter { $0 != personas["default"]?.text })
    }

    /// Personas that nothing of a stage is worded for, where mails are worded for personas at all.
    private mutating func lookAtPersonas(in stages: YAMLFile, _ personas: [String]) {
        guard let workspace = Workspace.load(files: files).workspace else { return }
        guard workspace.emails.values.contains(where: \.isWordedForPersonas) else { return }
        for node in stages.root["stages"]?.elements ?? [] {
            guard let name = node["stage"], let stage = name.text else { continue }
            let sent = Set(workspace.journeys.filter { $0.journey.serves(stage) }.flatMap(\.journey.sentTemplates))
            guard !sent.isEmpty else { continue }
            let empty = personas.filter { persona in
                !sent.contains { workspace.emails[$0]?.isWorded(for: persona, in: stage) == true }
            }
            guard !empty.isEmpty else { continue }
            let cells = empty.map { "\($0) × \(stage)" }.joined(separator: ", ")
            let file = EmailBodies.file(.html, of: ContentCell(persona: empty[0], stage: stage))
            report(
                .emptyCell, "\(cells) has no wording of its own: everybody's is sent", in: stages.name, at: name.place,
                help: "an e-mail of the stage says it in \(file), or in a block with persona == \"\(empty[0])\"")
        }
    }
}

extension Journey {
    fileprivate func serves(_ stage: String) -> Bool {
        if self.stage == stage { return true }
        if case .stage(stage) = entry.trigger { return true }
        return false
    }
}

extension EmailDefinition {
    fileprivate var isWordedForPersonas: Bool {
        wordings.keys.contains { $0.persona != nil } || blocks.contains { $0.variants.contains { $0.when.usesPersona } }
    }

    /// Whether it says something to a persona in a stage that it does not say to everybody.
    fileprivate func isWorded(for persona: String, in stage: String) -> Bool {
        if wordings.keys.contains(where: { $0.persona == persona && ($0.stage ?? stage) == stage }) { return true }
        return blocks.contains { $0.variants.contains { $0.when.mentionedPersonas.contains(persona) } }
    }
}

extension YAMLNode {
    /// Whether a journey sends an e-mail anywhere.
    fileprivate var sends: Bool {
        var sends = false
        walk { member, _ in sends = sends || ["email", "stream", "test"].contains(member.key) }
        return sends
    }
}
