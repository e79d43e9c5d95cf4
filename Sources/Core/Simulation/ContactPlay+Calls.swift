import Expressions
import JourneyProgram
import Model
import Workspaces

/// What is told otherwise than by e-mail: it arrives at once, and is answered as the play says.
extension ContactPlay {
    /// What a system says of which nothing else is known.
    private static let consent = JSON.object(["status": .int(200)])

    mutating func carry(_ call: Step.Call, _ visit: StepVisit, _ index: Int) {
        switch call.target {
        case .visitor: return layOut(call, visit, index)
        case .post: return plan(visit, call.name, nil, index)
        case .webhook, .team: break
        }
        tell(
            .told(step: visit.step, visit: visit.visit, whom: call.name),
            simulator.parts[runs[index].part].journey.name)
        let isMailed = simulator.workspace.isMailed(call)
        // A mail to the team is answered by nobody.
        let answer = isMailed ? nil : answers[call.name] ?? Self.consent
        var isTaken = isMailed
        if case .int(200..<300)? = answer?["status"] { isTaken = true }
        runs[index].verdicts[visit] = MessageVerdict(isTaken ? .sent : .refused, at: now, answer: answer)
        let name =
            isMailed
            ? EventNames.teamNotified : isTaken ? EventNames.webhookDelivered : EventNames.webhookFailed
        tellOutcome(name, visit, call.name, index)
    }
}
