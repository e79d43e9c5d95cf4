import JourneyProgram
public import Model

extension Workspace {
    /// The line of the ledger that an event makes, as live definitions and the simulator have it.
    ///
    /// Where the event names a version and no wording, the words are the version's. Consent to a topic with `double_opt_in` is a request until the person has confirmed it, unless an
    /// import brings it with its proof.
    ///
    /// - Parameters:
    ///   - event: the event's name, one of `EventNames.consents`.
    ///   - source: how it came, where the event does not say.
    public func consentEntry(
        _ statement: ConsentStatement, named event: String, of contact: ContactKey, at time: Timestamp, eventID: String,
        otherwise source: String
    ) -> ConsentEntry {
        let topic = topic(named: statement.topic)
        var entry = ConsentEntry(
            contact: contact, topic: statement.topic, channel: statement.channel, address: statement.address, at: time,
            eventID: eventID, state: ConsentEntry.State(ofEvent: event), wording: statement.wording,
            source: statement.source ?? source, proof: statement.proof)
        guard entry.state == .given else { return entry }
        entry.fillIn(from: topic)
        let patience = topic?.confirmation?.within ?? (statement.isUnconfirmed ? Topic.patience : nil)
        if let patience, event == EventNames.consentGiven, !entry.isImported {
            entry.state = .pending
            entry.proof[.expiresAt] = (time + patience).description
        } else {
            entry.proof[.expiresAt] = nil
        }
        return entry
    }

    /// The topic for which a journey asks for confirmation.
    public func topic(confirmedBy journey: String) -> Topic? {
        guard journey.hasPrefix(Topic.confirmationPrefix) else { return nil }
        return topic(named: String(journey.dropFirst(Topic.confirmationPrefix.count)))
    }
}

extension Workspace {
    /// The channels besides e-mail by which a topic goes, as consents name them.
    public func otherChannels(of topic: String) -> [String] {
        let calls = journeys.lazy.flatMap(\.journey.callSteps).map(\.call).filter { $0.topic == topic }
        let onSite = calls.contains { if case .visitor = $0.target { true } else { false } }
        let byPost = postcards.values.contains { $0.ground == .topic(topic) }
        return (onSite ? ["site"] : []) + (byPost ? ["postcard"] : [])
    }
}

extension ConsentEntry.State {
    fileprivate init(ofEvent name: String) {
        switch name {
        case EventNames.consentGiven, EventNames.consentConfirmed: self = .given
        case EventNames.consentDenied: self = .denied
        default: self = .withdrawn
        }
    }
}

extension ConsentEntry {
    /// Adds the words of the version that the event names. Who names none may have shown anything.
    fileprivate mutating func fillIn(from topic: Topic?) {
        guard wording == nil, let version = proof.version,
            let said = topic?.wording(version: version, in: proof[.language])
        else { return }
        wording = said.text
        proof[.language] = said.language?.description ?? proof[.language]
    }
}
