import Expressions
import JourneyProgram
import Model
import SendGate
import Workspaces

/// A message on its way to the gate, or held there.
struct PlannedMail: Sendable {
    let run: Int
    let journey: String
    let priority: Int
    let visit: StepVisit
    let template: String
    /// What is chosen of its content.
    var content: ContentChoice?
    let plannedAt: Timestamp
    /// Until when the gate holds it; nil: it has not been there.
    var until: Timestamp?

    /// Whether it comes before the gate before another one of the contact's, as mailers have it.
    func goesBefore(_ other: PlannedMail) -> Bool {
        if priority != other.priority { return priority > other.priority }
        return (plannedAt, journey, visit.step, visit.visit, run)
            < (other.plannedAt, other.journey, other.visit.step, other.visit.visit, other.run)
    }
}

extension ContactPlay {
    /// Where mails compete for what a cap leaves, all of an instant come before the gate together.
    mutating func plan(_ visit: StepVisit, _ template: String, _ content: ContentChoice?, _ index: Int) {
        let journey = simulator.parts[runs[index].part].journey
        guard simulator.grounds[template] != nil else {
            return tell(.failed("there is no \"\(template)\""), journey.name)
        }
        let mail = PlannedMail(
            run: index, journey: journey.name, priority: journey.priority, visit: visit, template: template,
            content: content, plannedAt: now)
        if simulator.workspace.policy.caps.isEmpty { judge(mail) } else { pending.append(mail) }
    }

    /// Puts all that was planned at this instant before the gate.
    mutating func judgePending() {
        let mails = pending.sorted { $0.goesBefore($1) }
        pending = []
        for mail in mails {
            judge(mail)
            goOn(mail.run)
        }
    }

    private mutating func judge(_ mail: PlannedMail) {
        guard let ground = simulator.grounds[mail.template] else { return }
        (ledger.sends, ledger.sales, ledger.engagement) = (sends, sales, engagement)
        let (facts, ledger, policy) = (self.facts(of: mail, ground), self.ledger(for: mail), self.policy(for: mail))
        switch SendGate.verdict(facts, ledger, under: policy, now: now) {
        case .send:
            tell(mail.handedOver, mail.journey)
            if simulator.translated.contains(mail.template) { tellLanguage(of: mail) }
            story[story.endIndex - 1].content = mail.content
            received.insert(mail.template)
            noteTrial(mail)
            note(ground, mail)
            settle(mail, MessageVerdict(.sent, at: now))
        case .skip(let reasons):
            tell(
                .skipped(step: mail.visit.step, visit: mail.visit.visit, template: mail.template, reasons),
                mail.journey,
                full: fullCaps(reasons, ground))
            settle(
                mail, MessageVerdict(.skipped, at: now, endsRun: reasons.contains(.endsRun)), detail: "\(reasons)")
        case .hold(let until, let reasons):
            hold(mail, until: max(until, now + Span(microseconds: 1)), reasons, fullCaps(reasons, ground))
        }
    }

    /// The caps that keep a mail back, as mailers record them.
    private func fullCaps(_ reasons: Reasons, _ ground: MessageClass) -> [FullCap] {
        guard reasons.contains(.capped), case .topic(let topic) = ground else { return [] }
        return simulator.workspace.policy.fullCaps(for: topic, after: sends, now: now)
    }

    /// Of the mail that was sent last.
    private mutating func tellLanguage(of mail: PlannedMail) {
        let variant = simulator.workspace.emails[mail.template]?
            .variant(for: course.facts.contact.object ?? [:], in: mail.content?.cell)
        story[story.endIndex - 1].language = variant?.language
    }

    /// A mail as the gate sees it.
    private func facts(of mail: PlannedMail, _ ground: MessageClass) -> MessageFacts {
        let part = runs[mail.run].part
        var facts = MessageFacts(
            ground, address: address, journeyEnded: isForsaken(mail),
            restraint: simulator.restraint(ofEmail: mail.template, step: mail.visit.step, part: part),
            zone: zoneOfHours)
        facts.isHeldOut = isHeldOut
        facts.asksForConsent = simulator.workspace.topic(confirmedBy: mail.journey) != nil
        if mail.isPostcard {
            (facts.channel, facts.address) = (.postcard, postalAddress(for: mail))
        } else {
            facts.sendUntil = simulator.workspace.end(
                ofEmail: mail.template, ground, plannedAt: mail.plannedAt, under: simulator.workspace.policy)
        }
        // Whoever another journey's step has brought in is in no broadcast.
        if !Journey.isCall(runs[mail.run].entryKey) { facts.hasLeftSegment = hasLeft(simulator.parts[part].segment) }
        return facts
    }

    // Where these are inlined, the optimizer of Swift 6.3.1 dies in CopyPropagation.

    /// Whether the run of a mail that was held has ended before its last step.
    @inline(never) private func isForsaken(_ mail: PlannedMail) -> Bool {
        guard mail.until != nil, let outcome = runs[mail.run].state.outcome else { return false }
        return outcome != .finished
    }

    @inline(never) private func hasLeft(_ segment: String?) -> Bool {
        guard let segment else { return false }
        return !course.facts.isInSegment(segment)
    }

    /// Whose quiet hours the contact keeps; of no matter where there are none.
    private var zoneOfHours: LocalZone {
        guard simulator.workspace.policy.quietHours != nil else { return .utc }
        return LocalZone(of: course.facts.contact, otherwise: simulator.workspace.zone)
    }

    private mutating func hold(_ mail: PlannedMail, until: Timestamp, _ reasons: Reasons, _ caps: [FullCap]) {
        let visit = mail.visit
        tell(
            .held(step: visit.step, visit: visit.visit, template: mail.template, until: until, reasons), mail.journey,
            full: caps)
        var waiting = mail
        waiting.until = until
        held.append(waiting)
        guard simulator.parts[runs[mail.run].part].journey.goesOn(whileHeldAt: visit.step) else { return }
        runs[mail.run].verdicts[visit] = MessageVerdict(.held, at: mail.plannedAt)
    }

    /// Remembers what was sent, for as long as a cap looks back.
    private mutating func note(_ ground: MessageClass, _ mail: PlannedMail) {
        guard case .topic(let topic) = ground else { return }
        if simulator.workspace.policy.sunset != nil, !mail.isPostcard { marketing.append(now) }
        guard let memory = simulator.workspace.policy.memory else { return }
        sends.removeAll { $0.at + memory <= now }
        sends.append(PastSend(topic: topic, at: now, name: "\(mail.journey)/\(mail.visit.step)"))
    }

    private mutating func settle(_ mail: PlannedMail, _ verdict: MessageVerdict, detail: String? = nil) {
        runs[mail.run].verdicts[mail.visit] = verdict
        let isSent = verdict.outcome == .sent
        let name =
            mail.isPostcard
            ? isSent ? EventNames.postcardSent : EventNames.postcardSkipped
            : isSent ? EventNames.emailSent : EventNames.emailSkipped
        tellOutcome(name, mail.visit, mail.template, mail.run, detail: detail)
    }

    /// Has what came of a message heard as an event, where something looks at it.
    mutating func tellOutcome(
        _ name: String, _ visit: StepVisit, _ template: String, _ index: Int, detail: String? = nil
    ) {
        guard simulator.heardOutcomes.contains(name) else { return }
        let message = Journey.messageID(run: Self.runID(index), step: visit.step, visit: visit.visit).description
        let id = UniqueID.derived("loods.outcome", message, name)
        var properties: [String: JSON] = [
            "message_id": .string(message), "journey": .string(simulator.parts[runs[index].part].journey.name),
            "step": .string(visit.step), "template": .string(template),
        ]
        if case .topic(let topic) = simulator.grounds[template] { properties["topic"] = .string(topic) }
        if let detail { properties["detail"] = .string(detail) }
        outcomes.append(
            PlayedEvent(HistoryEvent(at: now, eventID: id.description, name: name, properties: .object(properties))))
    }

    /// Puts held messages that have come due before the gate again.
    mutating func releaseHeld() {
        let due = held.filter { $0.isDue(at: now) }
        guard !due.isEmpty else { return }
        held.removeAll { $0.isDue(at: now) }
        if !simulator.workspace.policy.caps.isEmpty { return pending += due }
        for mail in due.sorted(by: { $0.goesBefore($1) }) {
            judge(mail)
            goOn(mail.run)
        }
    }

    /// Takes back what is planned for a topic.
    mutating func withdraw(_ topic: String) {
        let taken = held.filter { simulator.grounds[$0.template] == .topic(topic) }
        held.removeAll { simulator.grounds[$0.template] == .topic(topic) }
        for mail in taken {
            tell(
                .skipped(
                    step: mail.visit.step, visit: mail.visit.visit, template: mail.template, .consentWithdrawn),
                mail.journey)
            runs[mail.run].verdicts[mail.visit] = MessageVerdict(.withdrawn, at: now)
            goOn(mail.run)
        }
    }
}

extension PlannedMail {
    fileprivate func isDue(at now: Timestamp) -> Bool { until.map { $0 <= now } ?? true }
}
