import JourneyProgram
import Model
import Pacing
import SendGate
import Store

extension StoryTelling {
    var mailLines: [StoryLine] {
        story.mails.flatMap { [planned($0), resent($0), handed($0), settled($0), cameBack($0)].compactMap(\.self) }
    }

    /// What became of a mail that a server had taken.
    private func cameBack(_ mail: Story.Mail) -> StoryLine? {
        guard let at = mail.cameBackAt else { return nil }
        let what = mail.failure == "complaint" ? "called spam by its recipient" : "came back\(mail.fault)"
        let words = mail.cameBackWords.flatMap { $0.isEmpty ? nil : ": \($0)" } ?? ""
        return line(mail, at: at, mail.state.rawValue, 3, "\(mail.journey)/\(mail.step) \(what)\(words)")
    }

    private func planned(_ mail: Story.Mail) -> StoryLine {
        let ground = mail.topic.map { "topic \($0)" } ?? (mail.channel.goesToContact ? "transactional" : "to others")
        let template = mail.template == mail.step ? "" : " (\(mail.told))"
        let text = "\(mail.journey)/\(mail.step)\(template) planned, \(ground)"
        return line(mail, at: mail.plannedAt, "planned", 0, mail.isHeld ? "\(text); \(status(mail))" : text)
    }

    /// Of a mail that its mailer may have sent before it died.
    private func resent(_ mail: Story.Mail) -> StoryLine? {
        guard let at = mail.resentAt else { return nil }
        let text = "\(mail.journey)/\(mail.step) was handed over, and what became of it was not known; planned again"
        return line(mail, at: at, "resent", 0, mail.handedAt == nil ? "\(text): \(status(mail))" : text)
    }

    private func handed(_ mail: Story.Mail) -> StoryLine? {
        guard let handedAt = mail.handedAt else { return nil }
        if mail.channel == .site {
            return line(mail, at: handedAt, mail.state.rawValue, 1, "\(mail.journey)/\(mail.step) \(status(mail))")
        }
        let address = mail.address.flatMap { $0.isEmpty ? nil : " for \($0)" } ?? ""
        let reply = mail.reply.map { ": \($0)" } ?? ""
        let outcome =
            switch mail.state {
            case .accepted: ", accepted\(reply)"
            case .refused: ", refused\(mail.fault)\(reply)"
            case .unknown: ", and what became of it is not known"
            case .handed: ", its answer is awaited"
            case .planned, .claimed: ", to be tried again\(mail.fault)\(reply)"
            case .skipped, .withdrawn, .expired: ""
            }
        return line(
            mail, at: handedAt, mail.state.rawValue, 1,
            "\(mail.journey)/\(mail.step) \(mail.isCall ? "sent" : "handed to the mail server")\(address)\(outcome)"
                + (mail.ground.map { "; on \($0.words { local($0).full })" } ?? ""))
    }

    private func settled(_ mail: Story.Mail) -> StoryLine? {
        guard let finalAt = mail.finalAt, mail.handedAt == nil || mail.state == .skipped || mail.state == .withdrawn
        else {
            return nil
        }
        return line(mail, at: finalAt, mail.state.rawValue, 2, "\(mail.journey)/\(mail.step) \(status(mail))")
    }

    /// How a message stands, to follow its name.
    func status(_ mail: Story.Mail) -> String {
        let reasons = Reasons(rawValue: mail.reasons)
        let why = reasons.isEmpty ? "" : ": \(reasons.words(mail.fullCaps) { local($0).full })"
        let reply = mail.reply.map { " (\($0))" } ?? ""
        switch mail.state {
        case .accepted where mail.channel == .site: return waiting(mail)
        case .planned where mail.isHeldForGood && reasons.contains(.workspaceStopped):
            return "held, since the workspace's kill switch is on: loods kill-switch"
        case .planned where mail.line != nil: return inLine(mail)
        case .planned where mail.isHeldForGood && reasons.contains(.senderPaused):
            return "held, since mail of its sender stands still\(reply): loods senders"
        case .planned where mail.isHeldForGood: return "held, since its journey is paused"
        case .planned where mail.isHeld: return "held until \(local(mail.dueAt).full)\(why)"
        case .planned where mail.retryAt != nil: return "to be tried again\(reply)"
        case .planned: return "due since \(local(mail.dueAt).full)"
        case .claimed: return "in a mailer's hands"
        case .handed: return "\(mail.isCall ? "sent" : "handed to the mail server"), its answer awaited"
        case .accepted: return "accepted\(reply)"
        case .refused: return "refused\(mail.fault)\(reply)"
        case .unknown: return "handed, and what became of it is not known"
        case .skipped: return "not sent\(why)"
        case .withdrawn:
            if mail.reply == Stops.messageNote { return "not sent: \(Stops.messageNote)" }
            let fallback = mail.topic.map { ": consent to “\($0)” was withdrawn" } ?? ": its run has ended"
            return "not sent\(reasons.isEmpty ? fallback : why)"
        case .expired where mail.failure != nil:
            return "not sent: its time to be sent has passed, and the mail server put it off to the last\(reply)"
        case .expired: return "not sent: its time to be sent has passed"
        }
    }

    /// How a mail stands that waits for its turn.
    private func inLine(_ mail: Story.Mail) -> String {
        guard let line = mail.line.flatMap({ MailLine($0) }) else { return "waits in line for its turn" }
        return """
            waits in line for its turn: \(line.kind.rawValue) mail from \(line.domain) to \(line.site) goes no faster \
            (loods pace)
            """
    }

    /// How a message stands that waits for its contact's next visit.
    private func waiting(_ mail: Story.Mail) -> String {
        if let shownAt = mail.shownAt { return "laid out for the next visit, and shown \(local(shownAt).full)" }
        guard let until = mail.showUntil else { return "laid out for the next visit" }
        let run = story.runs.first { $0.id == mail.run }
        if let end = run?.endedAt, end < until, run?.outcome != Journey.Outcome.finished.rawValue {
            return "laid out for the next visit, and not shown: its run has ended"
        }
        return until <= portrait.now
            ? "laid out for the next visit, and not shown: its time was over \(local(until).full)"
            : "laid out for the next visit, until \(local(until).full)"
    }

    private func line(
        _ mail: Story.Mail, at time: Timestamp, _ state: String, _ rank: Int, _ text: String
    ) -> StoryLine {
        StoryLine(
            at: time, kind: .mail, order: "\(rank)\(mail.id)", text: text,
            facts: [
                "state": .string(state), "message": .string(mail.id.description), "journey": .string(mail.journey),
                "step": .string(mail.step), "channel": .string(mail.channel.rawValue),
                "template": .string(mail.template), "run": .string(mail.run.description),
                "topic": mail.topic.map { .string($0) } ?? .null,
                "address": mail.address.map { .string($0) } ?? .null,
                "reasons": .array(Reasons(rawValue: mail.reasons).words.map { .string($0) }),
                "reply": mail.reply.map { .string($0) } ?? .null,
                "resent_at": mail.resentAt.map { .string($0.description) } ?? .null,
                "failure": mail.failure.map { .string($0) } ?? .null,
                "failure_status": mail.failureStatus.map { .string($0) } ?? .null,
                "came_back_at": mail.cameBackAt.map { .string($0.description) } ?? .null,
                "caps": .array(mail.fullCaps.map(\.json)), "basis": mail.basis ?? .null,
            ])
    }
}

extension Story.Mail {
    /// The caps that kept it back when the gate looked at it.
    var fullCaps: [FullCap] { (saw?["caps"]?.array ?? []).compactMap { FullCap(json: $0) } }
    /// Whose fault it is that it did not arrive.
    fileprivate var fault: String {
        switch failure {
        case nil, "complaint": ""
        case "invalid": " as of no such address"
        case "mailbox": " by a box that takes nothing"
        case "policy": " for its sender's fault"
        case "content": " for its content"
        case "transient": " for now"
        default: " without a reason"
        }
    }
    fileprivate var isCall: Bool { channel == .webhook || channel == .postcard }
    /// What it is, or whom it tells.
    var told: String {
        let name = template.replacing(":", with: " ", maxReplacements: 1)
        switch channel {
        case .email: return "e-mail \(template)"
        case .postcard: return name
        case .site: return name.replacing("_", with: " ", maxReplacements: 1)
        case .notify, .webhook: return name
        }
    }
    /// Whether it waits for a later instant than it was planned for.
    fileprivate var isHeld: Bool { state == .planned && dueAt > plannedAt }
    /// Whether it waits until somebody lets its journey go on.
    fileprivate var isHeldForGood: Bool { state == .planned && dueAt >= Pauses.never }
}
