import JourneyProgram
import Model
import SendGate
import Workspaces

/// What sites show: it is laid out at once where the gate lets it through, and its run goes on.
///
/// Neither quiet hours nor caps keep it back, as in the live system: it disturbs nobody, since its reader has come by
/// themselves. Whether it is then shown, and clicked, the play says by events.
extension ContactPlay {
    mutating func layOut(_ call: Step.Call, _ visit: StepVisit, _ index: Int) {
        var facts = MessageFacts(
            call.topic.map { .topic($0) } ?? .transactional, channel: .site, address: ContactLedger.noMailbox)
        facts.isHeldOut = isHeldOut
        let journey = simulator.parts[runs[index].part].journey.name
        let policy = simulator.workspace.policy.withoutHours(isCapped: false)
        var ledger = ledger(on: .site)
        ledger.sales = sales
        switch SendGate.verdict(facts, ledger, under: policy, now: now) {
        case .skip(let reasons):
            tell(.skipped(step: visit.step, visit: visit.visit, template: call.name, reasons), journey)
            runs[index].verdicts[visit] = MessageVerdict(.skipped, at: now)
        case .send, .hold:
            tell(.told(step: visit.step, visit: visit.visit, whom: call.name), journey)
            runs[index].verdicts[visit] = MessageVerdict(.sent, at: now)
        }
    }
}
