public import Model

/// What the proof of a consent lacks, on which somebody may have to rely years later.
public enum ConsentGap: String, Sendable, CaseIterable {
    case topic
    case wording
    case alteredWording = "altered_wording"
    case source
    case evidence
    case confirmation

    /// What is missing, in words.
    public var sentence: String {
        switch self {
        case .topic: "the workspace has no such topic"
        case .wording: "what they were told is not on record"
        case .alteredWording: "the wording is not the one whose SHA-256 was recorded"
        case .source: "nothing says how it was given"
        case .evidence: "nothing says where, by whom or by which device or mail it was given"
        case .confirmation: "it was not confirmed by mail, as the topic asks"
        }
    }
}

extension Workspace {
    /// The consents that hold by a contact's whole ledger, each with what its proof lacks: nothing, as a rule.
    public func proofs(in ledger: [ConsentEntry]) -> [(entry: ConsentEntry, gaps: [ConsentGap])] {
        ledger.filter { line in
            line.state == .given && line.topic != EventNames.profilingTopic && ledger.successor(of: line) == nil
        }.map { ($0, gaps(of: $0)) }
    }

    private func gaps(of entry: ConsentEntry) -> [ConsentGap] {
        var gaps: Set<ConsentGap> = []
        let (topic, proof) = (topic(named: entry.topic), entry.proof)
        if topic == nil, entry.topic != Workspace.trackingTopic { gaps.insert(.topic) }
        if let wording = entry.wording, !wording.isEmpty {
            if let hash = proof[.wordingHash], hash != ConsentProof.hash(of: wording) { gaps.insert(.alteredWording) }
        } else {
            gaps.insert(.wording)
        }
        if entry.means.isEmpty { gaps.insert(.source) }
        if Self.evidence.allSatisfy({ proof[$0] == nil }) { gaps.insert(.evidence) }
        if topic?.confirmation != nil, proof[.confirmedAt] == nil, proof[.messageID] == nil {
            gaps.insert(.confirmation)
        }
        return ConsentGap.allCases.filter(gaps.contains)
    }

    private static let evidence: [ConsentProof.Member] = [
        .url, .actor, .ip, .userAgent, .saleID, .requestID, .messageID,
    ]
}
