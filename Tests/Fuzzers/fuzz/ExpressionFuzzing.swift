import Expressions
import Model

/// Conditions: parser, checker and evaluator. Whatever is accepted ends, and says the same twice.
enum ExpressionFuzzing {
    static func run(_ input: Input) {
        let parts = input.parts
        let contact = parts.count > 1 ? (try? JSON(parsing: parts[1].utf8)) ?? .null : .object(["plan": .string("pro")])
        for scope in [Scope.audience, .event, .run, [.event, .run]] {
            guard let expression = try? Expression(parts[0], scope: scope, expecting: .dyn) else { continue }
            let world = World(contact: contact)
            let (first, second) = (answer(expression, in: world), answer(expression, in: world))
            hold(first == second, "an answer of its own each time")
            hold(first.validUntil > World.noon, "an answer that is over before it is given")
            _ = expression.holds(in: world)
        }
    }

    private struct Answer: Equatable {
        var text: String
        var validUntil: Timestamp
    }

    private static func answer(_ expression: Expression, in world: World) -> Answer {
        do throws(EvaluationError) {
            let value = try expression.evaluate(world)
            return Answer(text: "\(value.value)", validUntil: value.validUntil)
        } catch {
            return Answer(text: "\(error.code) \(error.message)", validUntil: error.validUntil)
        }
    }

    private struct World: EvaluationContext {
        static let noon = Timestamp(seconds: 1_772_452_800)

        let contact: JSON
        var now: Timestamp { Self.noon }
        var stage: String? { "think" }
        var event: JSON? {
            .object(["name": .string("E"), "properties": contact, "at": .string("2026-03-02T11:00:00Z")])
        }
        var history: History {
            History(
                (0..<5).map { index in
                    HistoryEvent(
                        at: Self.noon - .hours(Int64(index * 30)), eventID: "e\(index)", name: "E",
                        properties: .object(["v": .double(0.1)]))
                })
        }
        var runStart: HistoryPosition? { .end(of: Self.noon - .days(1)) }

        func consented(_ topic: String) -> Bool { topic == "offers" }
        func score(_ model: String) -> Double { 12.5 }
        func halfLife(ofScore model: String) -> Span? { model == "flat" ? nil : .days(14) }
    }
}
