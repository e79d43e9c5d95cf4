import Expressions
import JourneyProgram
import Model
import Testing

/// What e-mails show is chosen as they are planned, and recorded.
struct ContentChoiceTests {
    private static let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
    private static let cells: Set<ContentCell> = [
        ContentCell(persona: "maker", stage: "think"), ContentCell(stage: "think"), ContentCell(persona: "maker"),
    ]

    private func rules() throws -> ContentRules {
        func variant(_ name: String, _ when: String) throws -> ContentRules.Variant {
            .init(name: name, when: try Expression(when, scope: [.run, .event, .content]))
        }
        return ContentRules(
            cells: Self.cells,
            blocks: [
                .init(
                    name: "hero",
                    variants: [
                        try variant("big", "event.properties.revenue > 100"),
                        try variant("maker", "persona == \"maker\" && stage == \"think\""),
                    ], fallback: "all"),
                .init(name: "foot", variants: [try variant("docs", "did(\"Docs Viewed\")")], fallback: "none"),
            ])
    }

    @Test(
        arguments: [
            ("maker", "think", "maker × think"), ("visitor", "think", "stage think"), ("maker", "do", "persona maker"),
            ("visitor", "do", "everybody"), (nil, nil, "everybody"),
        ] as [(String?, String?, String)])
    func theNearestWordingIsTaken(persona: String?, stage: String?, cell: String) {
        #expect(ContentRules(cells: Self.cells).cell(persona: persona, stage: stage).description == cell)
    }

    @Test(
        arguments: [
            (150.0, "visitor", [], "hero big", "everybody"),
            (5, "maker", ["Docs Viewed"], "hero maker", "maker × think"),
            (5, "visitor", [], "hero all", "everybody"), (nil, "visitor", [], "hero all", "everybody"),
        ] as [(Double?, String, [String], String, String)])
    func theFirstThatHoldsIsShown(
        revenue: Double?, persona: String, events: [String], hero: String, cell: String
    ) throws {
        let place = HistoryPosition(at: Self.start, eventID: "1")
        var history = events.map { HistoryEvent(at: Self.start - .hours(1), eventID: $0, name: $0) }
        if let revenue {
            history.append(
                HistoryEvent(
                    at: place.at, eventID: "1", name: "Order Completed",
                    properties: .object(["revenue": .double(revenue)])))
        }
        let journey = try Journey(
            name: "j", entry: .init(.event("Order Completed", when: nil)), steps: [.email(name: "a", template: "t")],
            contents: ["t": rules(), "unused": rules()])
        #expect(journey.contents.keys.sorted() == ["t"])
        #expect(journey.runMentions.events == ["Docs Viewed", "Order Completed"] && journey.runMentions.persona)
        var facts = Facts(now: Self.start)
        facts.history = History(history)
        facts.stage = persona == "maker" ? "think" : "do"
        var world = World(facts: facts, contact: anne, zone: .utc)
        world.persona = persona
        let effects = try journey.start(at: place, in: world).effects
        let sent = effects.compactMap { if case .send(_, _, let content) = $0 { content } else { nil } }
        let decided = effects.compactMap { effect -> Decision? in
            guard case .decide(let decision) = effect, Journey.step(ofContentDecision: decision.step) == "a" else {
                return nil
            }
            return decision
        }
        try #require(sent.count == 1 && decided.count == 1)
        #expect(sent[0].cell.description == cell)
        #expect(
            "hero \(sent[0].blocks["hero"] ?? "")" == hero
                && sent[0].blocks["foot"] == (events.isEmpty ? "none" : "docs"))
        #expect(decided[0].choice == sent[0].words && decided[0].saw["template"] == .string("t"))
        #expect(ContentChoice(sent[0].json) == sent[0])
    }

    @Test func whereNothingIsToBeChosenNothingIsRecorded() throws {
        let world = World(facts: Facts(now: Self.start), contact: anne, zone: .utc)
        let effects = try journey([.email(name: "a", template: "t")]).start(at: .end(of: Self.start), in: world).effects
        #expect(effects.contains(.send(StepVisit(step: "a", visit: 1), template: "t")))
        #expect(!effects.contains { if case .decide(let made) = $0 { made.step.hasPrefix("content") } else { false } })
    }

    @Test func personaIsKnownToContentAlone() throws {
        #expect(throws: ExpressionError.self) { try Expression("persona == \"maker\"", scope: .run) }
        let vocabulary = Vocabulary()
        var named = vocabulary
        named.personas = ["maker"]
        #expect(throws: ExpressionError.self) {
            try Expression("persona == \"baker\"", scope: .content, vocabulary: named)
        }
        #expect(
            try Expression("persona in [\"maker\"]", scope: .content, vocabulary: named).mentionedPersonas == ["maker"])
    }
}
