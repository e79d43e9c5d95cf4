import Contracts
import Model
import Workspaces

extension FormDefinition {
    /// The requests for consent that somebody makes by filling it in: each a `Consent Given` that waits for its confirmation,
    /// about the address that they typed, and not about whoever typed it.
    ///
    /// - Parameters:
    ///   - submission: the event of the form, which says when.
    ///   - language: that the page was in.
    func requests(
        in entry: FormEntry, _ submission: AcceptedEvent, of workspace: Workspace, language: String?,
        _ evidence: Evidence
    ) -> [DraftEvent] {
        guard let consent, let address = entry.properties[consent.address]?.string,
            consent.ticked.map({ entry.properties[$0] == .bool(true) }) ?? true
        else { return [] }
        return consent.topics.compactMap { name in
            guard let topic = workspace.topic(named: name) else { return nil }
            let said = topic.wording(in: language)
            var properties: [String: JSON] = [
                "topic": .string(name), "address": .string(address), "source": .string("form \(self.name)"),
                "unconfirmed": .bool(true), ConsentProof.Member.version.rawValue: .int(Int64(topic.version)),
            ]
            properties["wording"] = said.map { .string($0.text) }
            properties[ConsentProof.Member.language.rawValue] = (said?.language?.description).map { .string($0) }
            let event = AcceptedEvent(
                workspace: submission.workspace,
                eventID: UniqueID.derived("loods.form.consent", submission.eventID, name).description, call: .track,
                subject: .identity(Identity(.email, address)), name: EventNames.consentGiven, sentTime: nil,
                at: .distantPast, receivedAt: .distantPast, trust: .system,
                properties: JSON.object(evidence.beside(properties)).serialized)
            return DraftEvent(event: event, occurrence: .onReceipt)
        }
    }
}
