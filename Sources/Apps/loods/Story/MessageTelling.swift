import Model
import SendGate
import ServiceRuntime
import Store

/// Tells of one of a contact's messages why it went or did not, and on what it rests: by what is stored of the decision.
struct MessageTelling {
    private let telling: StoryTelling
    private let mails: [Story.Mail]

    /// Whether a contact has such a message.
    static func knows(_ name: String, _ portrait: ContactPortrait) -> Bool {
        portrait.story.mails.contains { $0.name == name || $0.id.description == name }
    }

    /// - Parameter name: a message's id, or `journey/step` for all that a step has sent.
    /// - Throws: `ExitFault` where the contact has no such message.
    init(_ portrait: ContactPortrait, message name: String) throws {
        telling = StoryTelling(portrait: portrait)
        mails = portrait.story.mails.filter { $0.name == name || $0.id.description == name }
        guard mails.isEmpty else { return }
        let known = portrait.story.mails.reduce(into: [String]()) { names, mail in
            if !names.contains(mail.name) { names.append(mail.name) }
        }
        throw ExitFault(
            code: .failures,
            message: "\(portrait.title) has no message \"\(name)\", and there is no such journey; "
                + (known.isEmpty ? "there is no message" : "messages are \(known.joined(separator: ", "))"))
    }

    /// The account for people, a line each.
    var lines: [String] {
        mails.flatMap { mail in
            [
                "\(Console.bold(Console.safe(mail.name)))   \(Console.safe(mail.told)), for "
                    + Console.safe(telling.portrait.title),
                "  planned \(telling.local(mail.plannedAt).full) (\(telling.portrait.zone.name))",
                mail.resentAt.map {
                    "  planned again \(telling.local($0).full): whether it had been sent was not known"
                },
                "  \(Console.safe(fate(mail)))",
            ].compactMap(\.self) + marks(mail).map { "    \($0.isMet ? "✓" : "✗") \(Console.safe($0.text))" }
        }
    }

    var json: JSON {
        .array(
            mails.map { mail in
                .object([
                    "message": .string(mail.id.description), "name": .string(mail.name),
                    "topic": mail.topic.map { .string($0) } ?? .null, "state": .string(mail.state.rawValue),
                    "planned_at": .string(mail.plannedAt.description),
                    "handed_at": mail.handedAt.map { .string($0.description) } ?? .null,
                    "resent_at": mail.resentAt.map { .string($0.description) } ?? .null,
                    "address": mail.address.map { .string($0) } ?? .null, "basis": mail.basis ?? .null,
                    "reasons": .array(Reasons(rawValue: mail.reasons).words.map { .string($0) }),
                    "text": .string(fate(mail)),
                    "marks": .array(
                        marks(mail).map { .object(["met": .bool($0.isMet), "text": .string($0.text)]) }),
                ])
            })
    }

    /// What became of it, its reasons left to the marks.
    private func fate(_ mail: Story.Mail) -> String {
        if mail.state == .skipped {
            return "not sent \(mail.finalAt.map { telling.local($0).full } ?? "")"
        }
        guard let handedAt = mail.handedAt else { return telling.status(mail) }
        let address = mail.address.flatMap { $0.isEmpty ? nil : " for \($0)" } ?? ""
        return "handed over \(telling.local(handedAt).full)\(address); \(telling.status(mail))"
    }

    private struct Mark {
        var isMet: Bool
        var text: String
    }

    /// What spoke against it and what for it.
    private func marks(_ mail: Story.Mail) -> [Mark] {
        let reasons = Reasons(rawValue: mail.reasons)
        let isKept = mail.state == .skipped || mail.handedAt == nil && mail.state == .planned
        let faults = isKept ? reasons : []
        let against = faults.isEmpty ? [] : faults.sentences(mail.fullCaps) { telling.local($0).full }
        return against.map { Mark(isMet: false, text: $0) }
            + (basis(of: mail).map { [Mark(isMet: true, text: $0)] } ?? [])
            + (isClear(mail, reasons) ? [Mark(isMet: true, text: "the address is not suppressed")] : [])
    }

    /// Whether the gate has asked for suppressions of its address, as it does for each mail that has one, and found none.
    private func isClear(_ mail: Story.Mail, _ reasons: Reasons) -> Bool {
        mail.channel == .email && (mail.handedAt != nil || !reasons.isEmpty)
            && reasons.isDisjoint(with: [.suppressed, .noAddress, .badAddress, .erased])
    }

    /// On what it went, or would go; nil where nothing was found, or nobody has looked.
    private func basis(of mail: Story.Mail) -> String? {
        guard let topic = mail.topic else {
            return mail.channel.goesToContact
                ? "transactional: it needs no consent" : "it goes to others than the contact"
        }
        switch mail.ground {
        case .consent(let since)?: return "consent to “\(topic)”" + consent(to: topic, mail, since)
        case let basis?: return "topic “\(topic)” on \(basis.words { telling.local($0).full })"
        case nil:
            return mail.handedAt == nil ? nil : "topic “\(topic)”; on what it went was not kept when it was sent"
        }
    }

    /// How consent came, by the ledger: `: given Mon 2 March 2026 14:07 by form (“Yes, news”, v3), confirmed …`.
    private func consent(to topic: String, _ mail: Story.Mail, _ since: Timestamp?) -> String {
        guard let since else { return "" }
        let address = mail.address?.comparedAddress ?? ""
        let line = telling.story.consents.last { line in
            line.topic == topic && line.state == .given && line.at == since
                && (address.isEmpty || line.address.isEmpty || line.address == address)
        }
        guard let line else { return ": given \(telling.local(since).full); the ledger has it no more" }
        let version = line.proof.version.map { "v\($0)" }
        let words = [line.wording.map { "“\($0)”" }, version].compactMap(\.self).joined(separator: ", ")
        let confirmed = line.proof.confirmedAt.map { ", confirmed \(telling.local($0).full)" } ?? ""
        let page = line.proof[.url].map { " on \($0)" } ?? ""
        return
            ": given \(telling.local(since).full) by \(line.source)\(page)\(words.isEmpty ? "" : " (\(words))")\(confirmed)"
    }
}

extension Story.Mail {
    /// The journey and the step that planned it: `welcome/hello`.
    var name: String { "\(journey)/\(step)" }
    /// On what it went.
    var ground: SendBasis? { basis.flatMap { SendBasis(json: $0) } }
}
