import Contracts
import Expressions
import Model
import Store
import Workspaces

extension Person {
    /// A contact of a batch before anything but its row is read: what its events call for.
    struct Newcomer {
        let contact: ContactKey
        /// Of those that have just merged into it too: the furthest stage.
        let standing: Contacts.Standing
        let rules: AudienceRules
        let fresh: Set<HistoryPosition>
        /// The places of the stages that are worth asking about.
        let asked: Set<Int>
        let needs: StageQuestions.Needs
        /// The scores that are counted afresh from the log.
        let rescoring: Rescoring
        /// The events of the batch that are in the log, and have given no points yet.
        let events: [AcceptedEvent]
        let hasMerged: Bool
        let isDescribedPublicly: Bool
        private let speaksOfConsent: Bool
        private let describes: Bool

        init(
            _ contact: ContactKey, _ standing: Contacts.Standing, heldBefore stages: [String], hasMerged: Bool,
            rescoring: Rescoring, events: [AcceptedEvent], rules: AudienceRules
        ) {
            self.contact = contact
            self.rules = rules
            self.rescoring = rescoring
            self.events = events
            self.hasMerged = hasMerged
            var standing = standing
            for held in stages where rules.workspace.place(of: held) > rules.workspace.place(of: standing.stage) {
                standing.stage = held
            }
            self.standing = standing
            fresh = Set(events.map(\.position))
            describes = events.contains(where: \.mayDescribe)
            isDescribedPublicly = describes && events.contains { $0.trust == .publicKey && $0.mayDescribe }
            speaksOfConsent = events.contains { EventNames.consents.contains($0.name) }
            let stirrings = Stirrings(
                names: Set(events.map(\.name)), describes: describes,
                isAfresh: hasMerged || standing.evaluatedRevision != rules.revision)
            asked = rules.stages.asked(above: standing.stage, stirrings)
            needs = rules.stages.needs(of: asked)
        }

        var historyNames: Set<String> { needs.events.union(rescoring.events) }

        /// The days whose counted events may change; nil for all, where another has merged into the contact.
        var countedDays: Set<Int32>?? {
            let models = rules.workspace.scores.filter(\.hasCaps)
            guard !models.isEmpty else { return nil }
            if hasMerged { return .some(nil) }
            var days: Set<Int32> = []
            for event in events {
                for model in models where model.caps(event.name) {
                    days.formUnion(model.slots(of: event.name, at: event.at).map(\.day))
                }
            }
            return days.isEmpty ? nil : days
        }

        var needsConsents: Bool { needs.consents || speaksOfConsent }
        /// A consent is for an address, and so asks for it.
        var needsAttributes: Bool { needs.attributes || describes || needsConsents }
    }
}

extension AcceptedEvent {
    /// Whether the event may carry traits; looked for in the bytes, since few events do.
    var mayDescribe: Bool { call == .identify || context.mayMention("traits") }
}

extension [UInt8] {
    /// Whether a JSON text may hold `word` as a key: it stands there, or there are escapes in which it may hide.
    func mayMention(_ word: StaticString) -> Bool {
        guard count > word.utf8CodeUnitCount else { return false }
        let wanted = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        return withUnsafeBufferPointer { bytes in
            for index in bytes.indices {
                if bytes[index] == UInt8(ascii: "\\") { return true }
                if bytes[index] == wanted[0], bytes[index...].starts(with: wanted) { return true }
            }
            return false
        }
    }
}
