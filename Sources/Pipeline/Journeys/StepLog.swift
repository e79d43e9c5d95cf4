import JourneyProgram
import Model
import Store
import Workspaces

/// What the steps of a batch lead to, gathered so that it is written in a handful of statements.
struct StepLog {
    private(set) var started: [Run] = []
    private(set) var stepped: [Run] = []
    private(set) var wakes: [Timers.Wake] = []
    private(set) var decisions: [Decisions.Decision] = []
    private(set) var messages: [Message] = []
    private(set) var ended = 0

    mutating func record(
        _ activation: Activation, of run: Run, program: Programs.Program, isNew: Bool, now: Timestamp
    ) {
        var run = run
        run.state = activation.run.json
        run.version += 1
        for (index, effect) in activation.effects.enumerated() {
            switch effect {
            case .send(let visit, let template): plan(visit, template, run, program, now)
            case .decide(let decision): decide(decision, index, run, now)
            case .end(let outcome):
                run.endedAt = now
                run.outcome = outcome.rawValue
                ended += 1
            }
        }
        if let wake = activation.wake, run.endedAt == nil {
            wakes.append(Timers.Wake(contact: run.contact, run: run.id, version: run.version, dueAt: wake))
        }
        if isNew { started.append(run) } else { stepped.append(run) }
    }

    private mutating func plan(
        _ visit: StepVisit, _ template: String, _ run: Run, _ program: Programs.Program, _ now: Timestamp
    ) {
        var topic: String?
        if case .topic(let name) = program.workspace.emails[template]?.ground { topic = name }
        messages.append(
            Message(
                contact: run.contact,
                id: Journey.messageID(run: run.id, step: visit.step, visit: visit.visit), run: run.id,
                journey: run.journey, step: visit.step, visit: Int32(visit.visit), revision: program.revision,
                template: template, topic: topic, plannedAt: now))
    }

    private mutating func decide(_ decision: JourneyProgram.Decision, _ index: Int, _ run: Run, _ now: Timestamp) {
        let kind =
            switch decision.step {
            case "enter": "entry"
            case "goal", "exit", "end": "end"
            default: "branch"
            }
        decisions.append(
            Decisions.Decision(
                contact: run.contact,
                id: .derived("loods.decision", run.id.description, String(run.version), String(index)), at: now,
                kind: kind, journey: run.journey, run: run.id, step: decision.step, choice: decision.choice,
                saw: decision.saw))
    }
}
