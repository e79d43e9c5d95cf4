import Contracts
import Expressions
import Model
import Store
import Workspaces

extension Person {
    /// A contact of a batch before anything but its row is read: what its events call for.
    final class Newcomer {
        let contact: ContactKey
        /// Of those that have just merged into it too: the furthest stage.
        let standing: Contacts.Standing
        let rules: AudienceRules
        let fresh: Set<HistoryPosition>
        /// The places of the stages that are worth asking about.
        let asked: Set<Int>
        /// The places of the segments and personas that may be asked about.
        let askedSegments: Places
        let occasion: Occasion
        /// Whether definitions that it was not evaluated under are met.
        let isOutdated: Bool
        let needs: StageQuestions.Needs
        /// The scores that are counted afresh from the log.
        let rescoring: Rescoring
        /// Whether those are all there are.
        let countsAfresh: Bool
        /// Whether everything is to be asked, whatever happens.
        let isAskedWhole: Bool
        /// The events of the batch that are in the log, and have given no points yet.
        let events: [AcceptedEvent]
        let hasMerged: Bool
        /// Whether a merge is for journeys to hear of: something live came with it, or nothing new at all.
        let isHeardToMerge: Bool
        let isDescribedPublicly: Bool
        /// The companies that the events name.
        let companies: [Companies.Key]
        /// Whether dates with which journeys start may have come, or become others.
        let asksDates: Bool
        /// Whether some of the events may say something of the contact.
        let describes: Bool
        private let speaksOfConsent: Bool
        /// The same for all who are asked the same of the same events.
        let kind: Kind

        struct Kind: Hashable {
            fileprivate let questions: ObjectIdentifier
            /// Whether the whole past is needed, and what scores are counted afresh from.
            let isWhole: Bool
        }

        /// Why the contact is looked at.
        enum Occasion: Equatable {
            case events
            /// Since time alone may have changed something, at this instant or after it.
            case wake(Timestamp)
            /// Since definitions were applied.
            case backfill
        }

        init(
            _ contact: ContactKey, _ standing: Contacts.Standing, heldBefore stages: [String], hasMerged: Bool,
            rescoring: Rescoring, countsAfresh: Bool, events: [AcceptedEvent], occasion: Occasion, rules: AudienceRules
        ) {
            self.occasion = occasion
            self.contact = contact
            self.rules = rules
            self.rescoring = rescoring
            self.countsAfresh = countsAfresh
            self.events = events
            self.hasMerged = hasMerged
            var standing = standing
            for held in stages where rules.workspace.place(of: held) > rules.workspace.place(of: standing.stage) {
                standing.stage = held
            }
            self.standing = standing
            isHeardToMerge = hasMerged && (events.isEmpty || events.contains { $0.effect == .live })
            fresh = Set(events.map(\.position))
            describes = events.contains(where: \.mayDescribe)
            isDescribedPublicly = describes && events.contains { $0.trust == .publicKey && $0.mayDescribe }
            companies = events.compactMap(\.companyKey)
            speaksOfConsent = events.contains { EventNames.consents.contains($0.name) }
            isOutdated = rules.differ(from: standing.evaluatedRevision)
            isAskedWhole = hasMerged || occasion == .backfill || standing.isStirred || countsAfresh
            let isAfresh = isAskedWhole || isOutdated
            var stirrings = Stirrings(names: Set(events.map(\.name)), describes: describes, isAfresh: isAfresh)
            if case .wake = occasion { stirrings.isWoken = true }
            asksDates = rules.asksDates(stirrings)
            let questions = rules.questions(above: standing.stage, stirrings)
            // Whoever is looked at whole is placed behind all that was known; others behind what is not older than their
            // events, which is within every window that reaches back from there.
            let needsAll = isAfresh || !rescoring.models.isEmpty
            kind = Kind(questions: ObjectIdentifier(questions), isWhole: needsAll)
            (asked, askedSegments) = (questions.stages, questions.segments)
            needs = needsAll ? questions.needs.unbounded(with: rescoring.events) : questions.needs
        }

        /// Where the windows of its conditions end at the earliest.
        func earliest(_ now: Timestamp) -> Timestamp {
            let first = min(now, events.lazy.map(\.at).min() ?? now)
            if case .wake(let due) = occasion { return min(first, due) }
            return first
        }
        var needsProperties: Bool { needs.properties || !rescoring.models.isEmpty }

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

        /// Whether segments may be asked for, of one who may be in some; an objection to profiling ends all.
        var needsSegments: Bool {
            hasMerged
                || standing.evaluatedRevision != 0 && (!askedSegments.isEmpty || isOutdated || speaksOfConsent)
        }
        /// Whether it must be known since when it is in them: time may order what follows from one another.
        var needsEntries: Bool { if case .wake = occasion { needsSegments } else { false } }
        /// Without personas in the definitions, none but one that earlier ones gave.
        var needsPersona: Bool { needsSegments && (rules.segments.hasPersonas || isAskedWhole || isOutdated) }
        var needsConsents: Bool { needs.consents || speaksOfConsent || hasMerged }
        /// A consent is for an address, and so asks for it.
        var needsAttributes: Bool { needs.attributes || describes || needsConsents }
    }
}

extension AcceptedEvent {
    /// Whether the event may carry traits or name a company; looked for in the bytes, since few events do.
    var mayDescribe: Bool { call == .identify || call == .group || context.mayMention("traits") }
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
